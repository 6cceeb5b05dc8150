//! The trait, the levels and the macro.
//!
//! A trait object and no global subscriber: a global one would outlive a reload of httpd's
//! configuration. Levels and the parts of a line follow contract rows J-04 and J-05.

use std::fmt;

/// How grave a line is (contract row J-04); a line is written when its level is at least the configured one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Packet dumps and the steps of mapping.
    Trace,
    /// Every decision of a request.
    Debug,
    /// State changes and retries; mod_jk's default.
    #[default]
    Info,
    /// Something is off, the request was served.
    Warn,
    /// A request failed, and its client noticed.
    Error,
    /// The module cannot do its work.
    Emerg,
}

impl Level {
    /// The word in the log line.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Emerg => "emerg",
        }
    }

    /// `JkLogLevel`: case-insensitive; any other word means info (contract row D-11).
    pub fn parse(word: &str) -> Option<Level> {
        [
            Level::Trace,
            Level::Debug,
            Level::Info,
            Level::Warn,
            Level::Error,
            Level::Emerg,
        ]
        .into_iter()
        .find(|level| level.as_str().eq_ignore_ascii_case(word))
    }
}

/// Where in our source a line comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Path of the function as the compiler names it.
    pub function: &'static str,
    /// Source file.
    pub file: &'static str,
    /// Line in it.
    pub line: u32,
}

impl fmt::Display for Origin {
    /// `function::file.rs (line)`, mod_jk's form (contract row J-05).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self
            .function
            .trim_end_matches("::here")
            .trim_end_matches("::{{closure}}");
        let function = function.rsplit("::").next().unwrap_or(function);
        let file = self.file.rsplit('/').next().unwrap_or(self.file);
        write!(f, "{function}::{file} ({})", self.line)
    }
}

/// A place that takes log lines.
pub trait Log {
    /// Whether a line of this level would be written; asked first, so that nothing is formatted in vain.
    fn enabled(&self, level: Level) -> bool;
    /// Writes one line.
    fn write(&self, level: Level, origin: Origin, message: fmt::Arguments<'_>);
}

/// Takes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLog;

impl Log for NoLog {
    fn enabled(&self, _level: Level) -> bool {
        false
    }
    fn write(&self, _level: Level, _origin: Origin, _message: fmt::Arguments<'_>) {}
}

/// Writes a line: `jk_log!(log, Info, "worker {} is back", name)`.
#[macro_export]
macro_rules! jk_log {
    ($log:expr, $level:ident, $($message:tt)+) => {{
        let log: &dyn $crate::Log = $log;
        if log.enabled($crate::Level::$level) {
            fn here() {}
            let origin = $crate::Origin {
                function: std::any::type_name_of_val(&here),
                file: file!(),
                line: line!(),
            };
            log.write($crate::Level::$level, origin, format_args!($($message)+));
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    struct Lines(RefCell<Vec<String>>);

    impl Log for Lines {
        fn enabled(&self, level: Level) -> bool {
            level >= Level::Info
        }
        fn write(&self, level: Level, origin: Origin, message: fmt::Arguments<'_>) {
            self.0
                .borrow_mut()
                .push(format!("[{}] {origin}: {message}", level.as_str()));
        }
    }

    #[test]
    fn j05_a_line_names_function_file_and_line() {
        let lines = Lines(RefCell::default());
        jk_log!(&lines, Debug, "not written");
        jk_log!(&lines, Warn, "worker {}", "w1");
        let written = lines.0.into_inner();
        assert_eq!(written.len(), 1);
        assert!(
            written[0].starts_with("[warn] j05_a_line_names_function_file_and_line::log.rs ("),
            "{written:?}"
        );
        assert!(written[0].ends_with("): worker w1"), "{written:?}");
    }

    #[test]
    fn d11_level_words() {
        assert_eq!(Level::parse("ERROR"), Some(Level::Error));
        assert_eq!(Level::parse("warning"), None);
    }
}
