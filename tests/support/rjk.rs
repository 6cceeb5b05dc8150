//! `rjk`, the operator's command.

use crate::Result;
use crate::module::repository;
use anyhow::{anyhow, ensure};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The program: beside the module that is under test, or what cargo builds.
pub fn rjk() -> Result<PathBuf> {
    static PATH: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let result = PATH.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    result.clone().map_err(|error| anyhow!(error))
}

fn find() -> Result<PathBuf> {
    if let Some(module) = std::env::var_os("RJK_MODULE") {
        let beside = PathBuf::from(module).with_file_name("rjk");
        if beside.is_file() {
            return Ok(beside.canonicalize()?);
        }
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = repository().join("target");
    let built = Command::new(cargo)
        .args(["build", "--quiet", "-p", "rjk", "--target-dir"])
        .arg(&target)
        .current_dir(repository())
        .status()?;
    ensure!(built.success(), "cargo build of rjk failed: {built}");
    Ok(target.join("debug/rjk"))
}
