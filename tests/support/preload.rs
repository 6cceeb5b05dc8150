//! Libraries that a server loads before its own, made with the C compiler that builds the module too.

use crate::Result;
use crate::tempdir::Dir;
use anyhow::{Context, ensure};
use std::path::PathBuf;
use std::process::Command;

/// A library, in a folder of its own.
#[derive(Debug)]
pub(crate) struct Preload(Dir);

impl Preload {
    /// Compiles it.
    pub(crate) fn new(source: &str) -> Result<Preload> {
        let dir = Dir::new("preload")?;
        let source = dir.write("source.c", source)?;
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(dir.join("library.so"))
            .arg(&source)
            .output()
            .context("cc")?;
        ensure!(built.status.success(), "{built:?}");
        Ok(Preload(dir))
    }

    /// What `LD_PRELOAD` names.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("library.so")
    }

    /// The folder, for what the library reads.
    pub(crate) fn dir(&self) -> &Dir {
        &self.0
    }
}
