//! Servers that may not make memory executable, as with SELinux or systemd's MemoryDenyWriteExecute. Needs Linux 6.3.

use crate::Result;
use crate::httpd::Builder;
use crate::preload::Preload;

/// What forbids it to the servers that were given it.
#[derive(Debug)]
pub struct NoExec(Preload);

impl NoExec {
    /// Makes one.
    pub fn new() -> Result<NoExec> {
        Ok(NoExec(Preload::new(include_str!("no_exec.c"))?))
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
        let library = self.0.path().display().to_string();
        httpd.env("LD_PRELOAD", &library).env("RJK_NO_EXEC", place)
    }
}
