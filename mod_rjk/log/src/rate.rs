//! A limit for log lines.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// At most so many lines in one second. Lock-free and exact: the second and its lines are one word.
#[derive(Debug)]
pub struct RateLimit {
    per_second: u16,
    /// The newest second that a line was asked for in, above the 16 bits of its lines.
    window: AtomicU64,
}

const LINES: u32 = u16::BITS;

impl RateLimit {
    /// Allows `per_second` lines.
    pub const fn new(per_second: u16) -> RateLimit {
        RateLimit {
            per_second,
            window: AtomicU64::new(0),
        }
    }

    /// Whether one more line may be written at `now`, in milliseconds of a clock that is never set
    /// back. A thread that read the clock a little earlier than another counts into the other's
    /// second: a flood on both sides of its begin must not start it over with each line.
    pub fn allows(&self, now: u64) -> bool {
        let start = (now / 1000) << LINES;
        let take = |window: u64| {
            let window = window.max(start);
            let taken = window & u64::from(u16::MAX);
            (taken < u64::from(self.per_second)).then_some(window + 1)
        };
        self.window.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_a_limited_number_of_lines() {
        let limit = RateLimit::new(2);
        let allowed = |now| (0..5).filter(|_| limit.allows(now)).count();
        assert_eq!([allowed(1000), allowed(1999), allowed(2000)], [2, 0, 2]);
    }

    #[test]
    fn a_flood_around_the_begin_of_a_second_is_limited() {
        let limit = RateLimit::new(10);
        let times = (0..1000).map(|turn| if turn % 2 == 0 { 4999 } else { 5000 });
        let allowed = times.filter(|now| limit.allows(*now)).count();
        assert!((10..=11).contains(&allowed), "{allowed} lines");
    }

    #[test]
    fn threads_together_get_no_more_lines() {
        const TURNS: u64 = if cfg!(miri) { 200 } else { 10_000 };
        let limit = RateLimit::new(10);
        let flood = |begin: u64| {
            (0..TURNS)
                .filter(|turn| limit.allows(begin + turn % 7))
                .count()
        };
        let allowed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| flood(7993))).collect();
            threads
                .into_iter()
                .filter_map(|thread| thread.join().ok())
                .sum()
        });
        assert_eq!(allowed, 10);
    }
}
