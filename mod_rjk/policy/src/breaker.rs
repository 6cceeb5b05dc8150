//! The circuit breaker: a policy that keeps failing is switched off for a while.

use rjk_balance::Millis;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// How long a policy stays off before one request tries it again.
pub(crate) const OFF_FOR: Millis = 30_000;

/// Whether a policy may be asked; of one process.
pub(crate) struct Breaker {
    /// Faults in a row that switch off; 0 = never.
    limit: u32,
    in_a_row: AtomicU32,
    /// When the next trial is due; 0 while the policy is on.
    retry_at: AtomicU64,
}

/// How a request may use the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// As always.
    On,
    /// As the one that tries whether it works again.
    Trial,
    /// Not at all.
    Off,
}

impl Breaker {
    pub(crate) fn new(limit: u32) -> Breaker {
        Breaker {
            limit,
            in_a_row: AtomicU32::new(0),
            retry_at: AtomicU64::new(0),
        }
    }

    /// Whether the policy is on; takes no trial.
    pub(crate) fn is_on(&self) -> bool {
        self.retry_at.load(Relaxed) == 0
    }

    /// What a request that wants a decision may do; the trial goes to the first that asks.
    pub(crate) fn pass(&self, now: Millis) -> Pass {
        let due = self.retry_at.load(Relaxed);
        if due == 0 {
            return Pass::On;
        }
        // A due time farther away than that is from before the clock was set back.
        if now < due && due - now <= OFF_FOR {
            return Pass::Off;
        }
        let next = now + OFF_FOR;
        match self.retry_at.compare_exchange(due, next, Relaxed, Relaxed) {
            Ok(_) => Pass::Trial,
            Err(_) => Pass::Off,
        }
    }

    /// The policy decided.
    pub(crate) fn success(&self, pass: Pass) {
        if self.in_a_row.load(Relaxed) != 0 {
            self.in_a_row.store(0, Relaxed);
        }
        if pass == Pass::Trial {
            self.retry_at.store(0, Relaxed);
        }
    }

    /// The policy failed; `true` when this switched it off.
    pub(crate) fn fault(&self, pass: Pass, now: Millis) -> bool {
        let row = self.in_a_row.fetch_add(1, Relaxed).saturating_add(1);
        let off = pass == Pass::Trial || (self.limit != 0 && row >= self.limit);
        if !off {
            return false;
        }
        self.retry_at.swap(now + OFF_FOR, Relaxed) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_in_a_row_switch_off_and_a_trial_switches_on() {
        let breaker = Breaker::new(3);
        assert!(!breaker.fault(Pass::On, 1000));
        assert!(!breaker.fault(Pass::On, 1000));
        breaker.success(Pass::On);
        for expected in [false, false, true, false] {
            assert_eq!(breaker.fault(breaker.pass(1000), 1000), expected);
        }
        assert_eq!(breaker.pass(1000 + OFF_FOR - 1), Pass::Off);
        assert_eq!(breaker.pass(1000 + OFF_FOR), Pass::Trial);
        assert_eq!(breaker.pass(1000 + OFF_FOR), Pass::Off, "one at a time");
        breaker.success(Pass::Trial);
        assert_eq!(breaker.pass(1000 + OFF_FOR), Pass::On);
    }

    #[test]
    fn a_failed_trial_keeps_it_off() {
        let breaker = Breaker::new(1);
        assert!(breaker.fault(Pass::On, 0));
        let trial = breaker.pass(OFF_FOR);
        assert_eq!(trial, Pass::Trial);
        assert!(!breaker.fault(trial, OFF_FOR), "it was off already");
        assert_eq!(breaker.pass(OFF_FOR + 1), Pass::Off);
        assert_eq!(breaker.pass(2 * OFF_FOR), Pass::Trial);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_prolong_the_pause() {
        let breaker = Breaker::new(1);
        breaker.fault(Pass::On, 10_000_000);
        assert_eq!(breaker.pass(5_000), Pass::Trial);
    }

    #[test]
    fn limit_0_never_switches_off() {
        let breaker = Breaker::new(0);
        assert!((0..100).all(|_| !breaker.fault(Pass::On, 1)));
        assert_eq!(breaker.pass(1), Pass::On);
    }
}
