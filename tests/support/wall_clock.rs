//! A wall clock that a test can set, for one httpd only.

use crate::Result;
use crate::httpd::Builder;
use crate::preload::Preload;

/// The wall clock of the servers that were given it; shows the machine's time until it is set.
#[derive(Debug)]
pub struct WallClock(Preload);

impl WallClock {
    /// Makes one.
    pub fn new() -> Result<WallClock> {
        let library = Preload::new(include_str!("wall_clock.c"))?;
        library.dir().write("shift", "0")?;
        Ok(WallClock(library))
    }

    /// A server by this clock.
    pub fn of(&self, httpd: Builder) -> Builder {
        httpd
            .env("LD_PRELOAD", &self.0.path().display().to_string())
            .env(
                "RJK_WALL_CLOCK",
                &self.0.dir().join("shift").display().to_string(),
            )
    }

    /// Sets it to that many seconds from the machine's time, all of its servers at once.
    pub fn set(&self, seconds: i64) -> Result {
        // Renamed into place: nobody reads half of it.
        let written = self.0.dir().write("shift.new", seconds.to_string())?;
        Ok(std::fs::rename(written, self.0.dir().join("shift"))?)
    }
}
