//! Lines that a policy logs.

use crate::manners::tell;
use rjk_log::{Level, Log, Origin};
use std::fmt::Arguments;
use std::sync::{Mutex, PoisonError};

/// Writes them as they come.
pub(super) struct ToStderr;

impl Log for ToStderr {
    fn enabled(&self, _: Level) -> bool {
        true
    }

    fn write(&self, level: Level, _: Origin, message: Arguments<'_>) {
        tell(format_args!("[{}] {message}", level.as_str()));
    }
}

/// Keeps them.
#[derive(Default)]
pub(super) struct Kept(Mutex<Vec<String>>);

impl Kept {
    /// What came since the last time.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Log for Kept {
    fn enabled(&self, _: Level) -> bool {
        true
    }

    fn write(&self, level: Level, _: Origin, message: Arguments<'_>) {
        let line = format!("[{}] {message}", level.as_str());
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }
}
