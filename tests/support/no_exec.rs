//! Servers that may not make memory executable, as with SELinux or systemd's MemoryDenyWriteExecute. Needs Linux 6.3.

use crate::Result;
use crate::httpd::Builder;
use crate::tempdir::Dir;
use anyhow::{Context, ensure};
use std::process::Command;

const SOURCE: &str = include_str!("no_exec.c");

/// What forbids it to the servers that were given it.
#[derive(Debug)]
pub struct NoExec(Dir);

impl NoExec {
    /// Makes one, with the C compiler that builds the module too.
    pub fn new() -> Result<NoExec> {
        let dir = Dir::new("no-exec")?;
        let source = dir.write("no_exec.c", SOURCE)?;
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(dir.join("no_exec.so"))
            .arg(&source)
            .output()
            .context("cc")?;
        ensure!(built.status.success(), "{built:?}");
        Ok(NoExec(dir))
    }

    /// Forbidden in the server and in all that it makes.
    pub fn everywhere(&self, httpd: Builder) -> Builder {
        self.of(httpd, "all")
    }

    /// Forbidden in what the server makes, not in itself.
    pub fn in_children(&self, httpd: Builder) -> Builder {
        self.of(httpd, "children")
    }

    fn of(&self, httpd: Builder, place: &str) -> Builder {
        let library = self.0.join("no_exec.so").display().to_string();
        httpd.env("LD_PRELOAD", &library).env("RJK_NO_EXEC", place)
    }
}
