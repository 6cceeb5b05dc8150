//! A line that says what takes so long.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Work that is done sooner says nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// One line of standard error, written again and again; on a terminal only.
pub struct Progress {
    began: Instant,
    terminal: bool,
    shown: bool,
}

impl Progress {
    /// Begins to wait.
    pub fn new() -> Progress {
        Progress {
            began: Instant::now(),
            terminal: io::stderr().is_terminal(),
            shown: false,
        }
    }

    /// Says where the work is, once it has taken a second.
    pub fn show(&mut self, text: impl Display) {
        if self.terminal && self.began.elapsed() >= PATIENCE {
            self.shown = true;
            self.line(format_args!("{text}"));
        }
    }

    /// Takes the line away, so that something else can be written.
    pub fn clear(&mut self) {
        if self.shown {
            self.shown = false;
            self.line(format_args!(""));
        }
    }

    /// Carriage return, clear to the end of the line. A terminal that is gone is nobody's loss.
    fn line(&self, text: std::fmt::Arguments<'_>) {
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r\x1b[K{text}");
        let _ = err.flush();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
