//! When the next request is due.

use std::time::{Duration, Instant};

/// What a free connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Sends a request that was due then.
    Start(Instant),
    /// Nothing before then.
    Wait(Instant),
    /// Nothing any more.
    Done,
}

/// Says when requests are due.
pub trait Pace {
    /// What a connection does that is free now.
    fn next(&mut self, now: Instant) -> Next;
}

/// Each connection sends its next request as soon as the last one is answered, for a while and until
/// there were so many.
#[derive(Debug)]
pub struct Closed {
    until: Instant,
    at_least: u64,
}

impl Closed {
    /// From now on.
    pub fn new(during: Duration, at_least: u64) -> Closed {
        Closed {
            until: Instant::now() + during,
            at_least,
        }
    }
}

impl Pace for Closed {
    fn next(&mut self, now: Instant) -> Next {
        if now >= self.until && self.at_least == 0 {
            return Next::Done;
        }
        self.at_least = self.at_least.saturating_sub(1);
        Next::Start(now)
    }
}

/// The same, for exactly so many requests.
#[derive(Debug)]
pub struct Counted(pub u64);

impl Pace for Counted {
    fn next(&mut self, now: Instant) -> Next {
        match self.0.checked_sub(1) {
            None => Next::Done,
            Some(left) => {
                self.0 = left;
                Next::Start(now)
            }
        }
    }
}

/// Requests at a fixed rate, whatever becomes of those before.
#[derive(Debug)]
pub struct Open {
    start: Instant,
    between: Duration,
    count: u32,
    sent: u32,
}

impl Open {
    /// So many in each second, for a while from now on.
    pub fn new(rate: f64, during: Duration) -> Open {
        Open {
            start: Instant::now(),
            between: Duration::from_secs_f64(1.0 / rate),
            count: (rate * during.as_secs_f64()) as u32,
            sent: 0,
        }
    }
}

impl Pace for Open {
    fn next(&mut self, now: Instant) -> Next {
        if self.sent == self.count {
            return Next::Done;
        }
        let due = self.start + self.between * self.sent;
        if due > now {
            return Next::Wait(due);
        }
        self.sent += 1;
        Next::Start(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_fixed_rate_does_not_wait_for_anybody() {
        let mut pace = Open::new(1000.0, 5 * MS);
        let start = pace.start;
        assert_eq!(pace.next(start), Next::Start(start));
        assert_eq!(pace.next(start), Next::Wait(start + MS));
        // Nobody was free for 20 ms: all were due at their own times.
        let late = start + 20 * MS;
        for number in 1..5 {
            assert_eq!(pace.next(late), Next::Start(start + number * MS));
        }
        assert_eq!(pace.next(late), Next::Done);
    }

    #[test]
    fn a_closed_loop_ends_with_its_time_and_its_least_number() {
        let mut pace = Closed::new(10 * MS, 2);
        let late = pace.until;
        assert_eq!(pace.next(late), Next::Start(late));
        assert_eq!(pace.next(late), Next::Start(late));
        assert_eq!(pace.next(late), Next::Done);
        let mut pace = Closed::new(10 * MS, 0);
        let early = pace.until - MS;
        assert_eq!(pace.next(early), Next::Start(early));
    }

    #[test]
    fn a_count_is_exact() {
        let (mut pace, now) = (Counted(2), Instant::now());
        assert_eq!(pace.next(now), Next::Start(now));
        assert_eq!(pace.next(now), Next::Start(now));
        assert_eq!(pace.next(now), Next::Done);
    }
}
