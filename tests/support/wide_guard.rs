//! Servers whose threads end when they use more than their stack.

use crate::Result;
use crate::httpd::Builder;
use crate::preload::Preload;

/// What makes sure of it.
#[derive(Debug)]
pub struct WideGuard(Preload);

impl WideGuard {
    /// Makes one.
    pub fn new() -> Result<WideGuard> {
        Ok(WideGuard(Preload::new(include_str!("wide_guard.c"))?))
    }

    /// A server with it.
    pub fn of(&self, httpd: Builder) -> Builder {
        httpd.env("LD_PRELOAD", &self.0.path().display().to_string())
    }
}
