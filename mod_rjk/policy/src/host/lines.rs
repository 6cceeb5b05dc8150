//! Lines of a policy in the module's log.

use super::call::Call;
use crate::limits::{LOG_LINES_PER_SECOND, MAX_LOG_LINE};
use crate::world::Level;
use rjk_log::{RateLimit, jk_log};
use std::sync::atomic::Ordering::Relaxed;

/// The limit for the log lines of one policy.
pub(crate) fn log_limit() -> RateLimit {
    RateLimit::new(LOG_LINES_PER_SECOND)
}

impl Call<'_> {
    pub(super) fn write(&self, level: Level, line: &str) {
        let shared = &self.shared;
        // A line that nobody would see takes none of the budget.
        if !self.log.enabled(level.of_the_log()) {
            return;
        }
        if !shared.lines.allows(self.now.as_millis()) {
            if let Some(state) = shared.state {
                state.slot.lines_dropped.fetch_add(1, Relaxed);
            }
            return;
        }
        let (name, line) = (shared.name, printable(line));
        match level {
            Level::Trace => jk_log!(self.log, Trace, "policy {name}: {line}"),
            Level::Debug => jk_log!(self.log, Debug, "policy {name}: {line}"),
            Level::Info => jk_log!(self.log, Info, "policy {name}: {line}"),
            Level::Warn => jk_log!(self.log, Warn, "policy {name}: {line}"),
            Level::Error => jk_log!(self.log, Error, "policy {name}: {line}"),
        }
    }
}

impl Level {
    fn of_the_log(self) -> rjk_log::Level {
        match self {
            Level::Trace => rjk_log::Level::Trace,
            Level::Debug => rjk_log::Level::Debug,
            Level::Info => rjk_log::Level::Info,
            Level::Warn => rjk_log::Level::Warn,
            Level::Error => rjk_log::Level::Error,
        }
    }
}

/// One line of at most [`MAX_LOG_LINE`] bytes: what a policy writes must not look like two.
pub(crate) fn printable(line: &str) -> String {
    let cut = line.floor_char_boundary(MAX_LOG_LINE);
    line.chars()
        .scan(cut, |left, letter| {
            *left = left.checked_sub(letter.len_utf8())?;
            Some(if letter.is_control() { ' ' } else { letter })
        })
        .collect()
}
