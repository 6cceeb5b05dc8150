//! Times of the verbs that ask a peer.

use crate::manners::time;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A pause, up to a day.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    match time(text)? {
        pause if pause <= LONGEST => Ok(pause),
        _ => Err("write a time up to a day".to_owned()),
    }
}

/// The same, and not nothing: nobody answers in no time.
pub(super) fn limit(text: &str) -> Result<Duration, String> {
    match pause(text)? {
        Duration::ZERO => Err("write a time that somebody can answer in".to_owned()),
        limit => Ok(limit),
    }
}

/// Milliseconds, for JSON: to the microsecond.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_more_than_nothing_and_at_most_a_day() {
        assert_eq!(pause("0"), Ok(Duration::ZERO));
        assert_eq!(pause("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(limit("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(limit("24h"), Ok(LONGEST));
        for text in ["0", "0ms", "86401", "25h", "-1", "one"] {
            assert!(limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn json_has_milliseconds() {
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567)), 1.235);
        assert_eq!(milliseconds(Duration::ZERO), 0.0);
    }
}
