//! The time that callers pass: nothing here reads a clock.

/// Wall clock time in milliseconds since the epoch; 0 stands for "never".
pub type Millis = u64;

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: std::time::Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
