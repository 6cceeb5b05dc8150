//! A limit for log lines.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// At most so many lines in one second. Lock-free; a race lets a few lines more through.
#[derive(Debug)]
pub struct RateLimit {
    per_second: u64,
    second: AtomicU64,
    taken: AtomicU64,
}

impl RateLimit {
    /// Allows `per_second` lines.
    pub const fn new(per_second: u64) -> RateLimit {
        RateLimit {
            per_second,
            second: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    /// Whether one more line may be written at `now`, in milliseconds.
    pub fn allows(&self, now: u64) -> bool {
        let second = now / 1000;
        if self.second.swap(second, Relaxed) != second {
            self.taken.store(0, Relaxed);
        }
        // Read first: a flood must not fight for the cache line.
        self.taken.load(Relaxed) < self.per_second
            && self.taken.fetch_add(1, Relaxed) < self.per_second
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
        assert_eq!(allowed(900), 2, "the clock was set back");
    }
}
