//! Moments of the monotonic clock. Nothing here reads a clock: callers pass the time.

use crate::sync::AtomicU64;
use std::ops::Add;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// A moment of the host's monotonic clock (`CLOCK_MONOTONIC`), in whole milliseconds since its
/// start: the same for all processes of a host, and never set. It is no wall clock time, and
/// nothing makes one of the other. The default, zero, stands for "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// What a record says of what did not happen.
    pub const NEVER: Moment = Moment(0);

    /// That many milliseconds after the clock's start.
    pub const fn from_millis(millis: u64) -> Moment {
        Moment(millis)
    }

    /// Milliseconds since the clock's start.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Time from `earlier` to this; zero when that lies ahead.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_add(millis(duration)))
    }
}

/// A [`Moment`] in a shared record; all zero says never.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct AtomicMoment(AtomicU64);

impl AtomicMoment {
    /// What it says now.
    pub fn load(&self) -> Moment {
        Moment(self.0.load(Relaxed))
    }

    /// How long ago that is; `None` for never.
    pub fn age(&self, now: Moment) -> Option<Duration> {
        match self.load() {
            Moment::NEVER => None,
            at => Some(now.since(at)),
        }
    }

    /// Sets it.
    pub fn store(&self, moment: Moment) {
        self.0.store(moment.0, Relaxed);
    }

    /// Sets it and gives what it said before.
    pub fn swap(&self, moment: Moment) -> Moment {
        Moment(self.0.swap(moment.0, Relaxed))
    }

    /// Whose turn it is to do what is to be done once per `interval`, by one of all processes: the one that
    /// moves the time stamp. How many intervals ago it was done last, 0 when it never was.
    ///
    /// Up to a tenth of the interval early (2 s at most) is good enough, since timers are not exact.
    pub(crate) fn turn(&self, interval: Duration, now: Moment) -> Option<u64> {
        let last = self.load();
        let interval = millis(interval).max(1);
        let tolerance = (interval / 10).min(2000);
        let periods = (millis(now.since(last)) + tolerance) / interval;
        let periods = match last {
            Moment::NEVER => 0,
            _ if periods == 0 => return None,
            _ => periods,
        };
        self.replace(last, now).ok()?;
        Some(periods)
    }

    /// Sets it if it still says `old`.
    ///
    /// # Errors
    /// What it says instead.
    pub fn replace(&self, old: Moment, new: Moment) -> Result<(), Moment> {
        let replaced = self.0.compare_exchange(old.0, new.0, Relaxed, Relaxed);
        replaced.map(drop).map_err(Moment)
    }
}

/// Both clocks, read together. The wall clock is for display alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The monotonic clock.
    pub now: Moment,
    /// The wall clock, since 1970.
    pub unix: Duration,
}

impl Clock {
    /// What is to be shown of something that happened at this moment.
    pub fn happened(&self, at: Moment) -> Happened {
        let ago = self.now.since(at);
        Happened {
            unix_seconds: self.unix.saturating_sub(ago).as_secs(),
            ago,
        }
    }
}

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// By the wall clock of now: seconds since 1970.
    pub unix_seconds: u64,
    /// How long ago.
    pub ago: Duration,
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ago_of_what_lies_ahead() {
        let (early, late) = (Moment::from_millis(1000), Moment::from_millis(3500));
        assert_eq!(late.since(early), Duration::from_millis(2500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late + Duration::MAX, Moment::from_millis(u64::MAX));
    }

    #[test]
    fn a_record_is_replaced_only_as_it_was_seen() {
        let (record, first, second) = (
            AtomicMoment::default(),
            Moment::from_millis(1),
            Moment::from_millis(2),
        );
        assert_eq!(record.replace(Moment::NEVER, first), Ok(()));
        assert_eq!(record.replace(Moment::NEVER, second), Err(first));
        assert_eq!((record.swap(second), record.load()), (first, second));
    }

    #[test]
    fn mt03_one_turn_per_interval() {
        let record = AtomicMoment::default();
        let turn = |at| record.turn(Duration::from_secs(10), Moment::from_millis(at));
        let rows = [
            (50_000, Some(0)),
            (50_000, None),
            (58_999, None),
            (59_000, Some(1)),
            (68_000, Some(1)),
            (101_000, Some(3)),
            (101_001, None),
        ];
        for (at, expected) in rows {
            assert_eq!(turn(at), expected, "{at}");
        }
    }
}
