//! An httpd module of the testbed's own, with filters that misbehave (`filters.c`).

use crate::{Result, c_module};
use std::path::PathBuf;
use std::sync::OnceLock;

/// The `LoadModule` line; the module is compiled once for each test binary.
pub fn load_module() -> Result<String> {
    static MODULE: OnceLock<Result<PathBuf>> = OnceLock::new();
    let module = MODULE.get_or_init(|| c_module::compile("tests/support/filters.c"));
    let module = module
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error:#}"))?;
    Ok(format!(
        "LoadModule test_filters_module \"{}\"\n",
        module.display()
    ))
}
