//! The circuit breaker: a policy that keeps failing is switched off for a while.

use rjk_balance::{AtomicMoment, Moment};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How long a policy stays off before one request tries it again.
pub(crate) const OFF_FOR: Duration = Duration::from_secs(30);

/// Whether a policy may be asked, or told; of one process.
pub(crate) struct Breaker {
    /// Faults in a row that switch off; 0 = never.
    limit: u32,
    in_a_row: AtomicU32,
    /// When the next trial is due; never while the policy is on.
    retry_at: AtomicMoment,
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
            retry_at: AtomicMoment::default(),
        }
    }

    /// What a request may do; the trial goes to the first that asks.
    pub(crate) fn pass(&self, now: Moment) -> Pass {
        let due = self.retry_at.load();
        if due == Moment::NEVER {
            return Pass::On;
        }
        if now < due {
            return Pass::Off;
        }
        let next = now + OFF_FOR;
        match self.retry_at.replace(due, next) {
            Ok(()) => Pass::Trial,
            Err(_) => Pass::Off,
        }
    }

    /// The policy decided.
    pub(crate) fn success(&self, pass: Pass) {
        if self.in_a_row.load(Relaxed) != 0 {
            self.in_a_row.store(0, Relaxed);
        }
        if pass == Pass::Trial {
            self.retry_at.store(Moment::NEVER);
        }
    }

    /// The policy failed; `true` when this switched it off.
    pub(crate) fn fault(&self, pass: Pass, now: Moment) -> bool {
        let row = self.in_a_row.fetch_add(1, Relaxed).saturating_add(1);
        let off = pass == Pass::Trial || (self.limit != 0 && row >= self.limit);
        if !off {
            return false;
        }
        self.retry_at.swap(now + OFF_FOR) == Moment::NEVER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When it begins.
    const T0: Moment = Moment::from_millis(1000);

    #[test]
    fn faults_in_a_row_switch_off_and_a_trial_switches_on() {
        let breaker = Breaker::new(3);
        assert!(!breaker.fault(Pass::On, T0));
        assert!(!breaker.fault(Pass::On, T0));
        breaker.success(Pass::On);
        for expected in [false, false, true, false] {
            assert_eq!(breaker.fault(breaker.pass(T0), T0), expected);
        }
        assert_eq!(
            breaker.pass(T0 + (OFF_FOR - Duration::from_millis(1))),
            Pass::Off
        );
        assert_eq!(breaker.pass(T0 + OFF_FOR), Pass::Trial);
        assert_eq!(breaker.pass(T0 + OFF_FOR), Pass::Off, "one at a time");
        breaker.success(Pass::Trial);
        assert_eq!(breaker.pass(T0 + OFF_FOR), Pass::On);
    }

    #[test]
    fn a_failed_trial_keeps_it_off() {
        let breaker = Breaker::new(1);
        assert!(breaker.fault(Pass::On, T0));
        let trial = breaker.pass(T0 + OFF_FOR);
        assert_eq!(trial, Pass::Trial);
        assert!(!breaker.fault(trial, T0 + OFF_FOR), "it was off already");
        assert_eq!(
            breaker.pass(T0 + OFF_FOR + Duration::from_millis(1)),
            Pass::Off
        );
        assert_eq!(breaker.pass(T0 + 2 * OFF_FOR), Pass::Trial);
    }

    #[test]
    fn limit_0_never_switches_off() {
        let breaker = Breaker::new(0);
        assert!((0..100).all(|_| !breaker.fault(Pass::On, T0)));
        assert_eq!(breaker.pass(T0), Pass::On);
    }
}
