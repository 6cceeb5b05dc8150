//! An httpd module of the testbed's own, with filters that misbehave (`filters.c`).

use crate::Result;
use crate::module::repository;
use anyhow::{Context, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The `LoadModule` line; the module is compiled once for each test binary.
pub fn load_module() -> Result<String> {
    static MODULE: OnceLock<Result<PathBuf>> = OnceLock::new();
    let module = MODULE.get_or_init(compile).as_ref();
    let module = module.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    Ok(format!(
        "LoadModule test_filters_module \"{}\"\n",
        module.display()
    ))
}

/// Among the other things that were built: what lives as long as the process is dropped by nobody, and
/// a temporary folder would stay.
fn compile() -> Result<PathBuf> {
    let folder = repository().join("target/testbed");
    fs::create_dir_all(&folder)?;
    let module = folder.join("filters.so");
    // By rename: another test binary may have the module of before loaded.
    let fresh = folder.join(format!("filters-{}.so", std::process::id()));
    let flags = ["INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR"]
        .map(|name| Ok::<_, crate::Error>(format!("-I{}", query(name)?)));
    let mut compiler = Command::new("cc");
    for flag in flags {
        compiler.arg(flag?);
    }
    let defines = query("EXTRA_CPPFLAGS")?;
    compiler.args(defines.split_whitespace());
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&fresh);
    compiler.arg(repository().join("tests/support/filters.c"));
    let output = compiler.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{said}");
    fs::rename(fresh, &module)?;
    Ok(module)
}

fn query(name: &str) -> Result<String> {
    let output = Command::new("apxs")
        .args(["-q", name])
        .output()
        .context("apxs")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
