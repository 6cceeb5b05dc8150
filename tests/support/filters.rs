//! An httpd module of the testbed's own, with filters that misbehave (`filters.c`).

use crate::Result;
use crate::tempdir::Dir;
use anyhow::{Context, ensure};
use std::process::Command;
use std::sync::OnceLock;

/// The `LoadModule` line; the module is compiled once.
pub fn load_module() -> Result<String> {
    static MODULE: OnceLock<Result<Dir>> = OnceLock::new();
    let dir = MODULE.get_or_init(compile).as_ref();
    let dir = dir.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let path = dir.join("filters.so");
    Ok(format!(
        "LoadModule test_filters_module \"{}\"\n",
        path.display()
    ))
}

fn compile() -> Result<Dir> {
    let dir = Dir::new("filters")?;
    let source = dir.write("filters.c", include_str!("filters.c"))?;
    let flags = ["INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR"]
        .map(|name| Ok::<_, crate::Error>(format!("-I{}", query(name)?)));
    let mut compiler = Command::new("cc");
    for flag in flags {
        compiler.arg(flag?);
    }
    let defines = query("EXTRA_CPPFLAGS")?;
    compiler.args(defines.split_whitespace());
    compiler.args(["-shared", "-fPIC", "-o"]);
    let output = compiler.arg(dir.join("filters.so")).arg(source).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{said}");
    Ok(dir)
}

fn query(name: &str) -> Result<String> {
    let output = Command::new("apxs")
        .args(["-q", name])
        .output()
        .context("apxs")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
