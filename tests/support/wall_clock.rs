//! A wall clock that a test can set, for one httpd only.

use crate::Result;
use crate::httpd::Builder;
use crate::tempdir::Dir;
use anyhow::{Context, ensure};
use std::process::Command;

const SOURCE: &str = include_str!("wall_clock.c");

/// The wall clock of the servers that were given it; shows the machine's time until it is set.
#[derive(Debug)]
pub struct WallClock(Dir);

impl WallClock {
    /// Makes one, with the C compiler that builds the module too.
    pub fn new() -> Result<WallClock> {
        let dir = Dir::new("clock")?;
        let source = dir.write("clock.c", SOURCE)?;
        dir.write("shift", "0")?;
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(dir.join("clock.so"))
            .arg(&source)
            .output()
            .context("cc")?;
        ensure!(built.status.success(), "{built:?}");
        Ok(WallClock(dir))
    }

    /// A server by this clock.
    pub fn of(&self, httpd: Builder) -> Builder {
        let path = |name| self.0.join(name).display().to_string();
        httpd
            .env("LD_PRELOAD", &path("clock.so"))
            .env("RJK_WALL_CLOCK", &path("shift"))
    }

    /// Sets it to that many seconds from the machine's time, all of its servers at once.
    pub fn set(&self, seconds: i64) -> Result {
        // Renamed into place: nobody reads half of it.
        let written = self.0.write("shift.new", seconds.to_string())?;
        Ok(std::fs::rename(written, self.0.join("shift"))?)
    }
}
