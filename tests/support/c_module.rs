//! httpd modules of the testbed's own, in C.

use crate::Result;
use crate::module::repository;
use anyhow::{Context, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `source`, a path below the repository; where the shared object is.
///
/// Among the other things that were built: what lives as long as the process is dropped by nobody, and
/// a temporary folder would stay.
pub fn compile(source: &str) -> Result<PathBuf> {
    let folder = repository().join("target/testbed");
    fs::create_dir_all(&folder)?;
    let name = Path::new(source).file_stem().context("no name")?;
    let name = name.to_string_lossy();
    let module = folder.join(format!("{name}.so"));
    // By rename: another test binary may have the module of before loaded.
    let fresh = folder.join(format!("{name}-{}.so", std::process::id()));
    let flags = ["INCLUDEDIR", "APR_INCLUDEDIR", "APU_INCLUDEDIR"]
        .map(|name| Ok::<_, crate::Error>(format!("-I{}", query(name)?)));
    let mut compiler = Command::new("cc");
    for flag in flags {
        compiler.arg(flag?);
    }
    let defines = query("EXTRA_CPPFLAGS")?;
    compiler.args(defines.split_whitespace());
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&fresh);
    compiler.arg(repository().join(source));
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
