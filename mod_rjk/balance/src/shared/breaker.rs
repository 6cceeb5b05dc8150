//! The circuit breaker: a policy that keeps failing is switched off for a while, in all children at
//! once.

use crate::sync::{AtomicU32, AtomicU64};
use crate::time::{AtomicMoment, Moment};
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How long a policy stays off before one request of the host tries it again.
pub const OFF_FOR: Duration = Duration::from_secs(30);

/// Half of the window in which faults are counted.
const HALF: Duration = Duration::from_secs(5);

/// Of so many calls one fault is too many, once there are enough of them.
const ONE_IN: u32 = 10;

/// Whether a policy may be asked, or told; shared by all children. All zero is on.
///
/// `max_faults` in a row switch it off: what fails each time is noticed at once, however seldom it is
/// called. So do twice as many in the window, if they are a tenth of its calls: what fails every other
/// time has no long rows and costs as much, while one bad request in a hundred is better served by a policy that
/// decides the others. Twice as many, for few calls make no rate.
///
/// The window reaches back 5 to 15 seconds. It is a difference of counts that are kept anyway, and
/// only a fault looks at it: a decision that goes well reads this record and writes nothing.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Breaker {
    /// When the next trial is due; never while it is on.
    retry_at: AtomicMoment,
    in_a_row: AtomicU32,
    /// When the younger half of the window began; never before the first fault.
    half_at: AtomicMoment,
    /// The tallies with which the halves began, packed.
    window: AtomicU64,
    half: AtomicU64,
}

/// How a call may use the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// As always.
    On,
    /// As the one that tries whether it works again.
    Trial,
    /// Not at all.
    Off,
}

/// Calls so far, and those that failed; what lies between two of them counts, so that they may wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All calls, faults too.
    pub calls: u32,
    /// Those that failed.
    pub faults: u32,
}

/// What switched a policy off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tripped {
    /// So many faults in a row.
    Row(u32),
    /// So many faults among these calls.
    Rate(Tally),
}

impl Breaker {
    /// What a call may do; the trial goes to the first that asks, of all children.
    pub fn pass(&self, now: Moment) -> Pass {
        let due = self.retry_at.load();
        if due == Moment::NEVER {
            return Pass::On;
        }
        if now < due {
            return Pass::Off;
        }
        // Should the trial never end, as with a killed child, the next one is due then.
        match self.retry_at.replace(due, now + OFF_FOR) {
            Ok(()) => Pass::Trial,
            Err(_) => Pass::Off,
        }
    }

    /// In how many whole seconds it is tried again, at least one.
    pub fn seconds_off(&self, now: Moment) -> u32 {
        let left = self.retry_at.load().since(now).as_millis();
        u32::try_from(left.div_ceil(1000)).map_or(u32::MAX, |seconds| seconds.max(1))
    }

    /// The call went well.
    pub fn success(&self, pass: Pass) {
        // Read first: all children read this record, and a row of faults is rare.
        if self.in_a_row.load(Relaxed) != 0 {
            self.in_a_row.store(0, Relaxed);
        }
        if pass == Pass::Trial {
            self.switch_on();
        }
    }

    /// On again, whatever happened before.
    pub fn switch_on(&self) {
        self.in_a_row.store(0, Relaxed);
        self.half_at.store(Moment::NEVER);
        self.retry_at.store(Moment::NEVER);
    }

    /// The call failed. `tally` has it already, `max_faults` 0 never switches off. What switched the
    /// policy off, if this fault did.
    pub fn fault(&self, pass: Pass, max_faults: u32, tally: Tally, now: Moment) -> Option<Tripped> {
        let row = self.in_a_row.fetch_add(1, Relaxed).saturating_add(1);
        let window = self.window(tally, now);
        if pass == Pass::Trial {
            if max_faults == 0 {
                self.retry_at.store(Moment::NEVER);
            }
            return None;
        }
        let tripped = tripped(max_faults, row, window)?;
        let first = self.retry_at.replace(Moment::NEVER, now + OFF_FOR).is_ok();
        first.then_some(tripped)
    }

    /// What happened in the window, this fault included. Several faults at the same time may shorten
    /// it: then it takes a few more to switch off.
    fn window(&self, tally: Tally, now: Moment) -> Tally {
        let began = self.half_at.load();
        let age = now.since(began);
        let before = tally.less_one_fault().packed();
        if began == Moment::NEVER || age >= 2 * HALF {
            // The time comes last: who sees it has no count of long ago.
            self.half.store(before, Relaxed);
            self.window.store(before, Relaxed);
            self.half_at.store(now);
        } else if age >= HALF && self.half_at.replace(began, now).is_ok() {
            self.window.store(self.half.swap(before, Relaxed), Relaxed);
        }
        tally.since(Tally::unpacked(self.window.load(Relaxed)))
    }
}

fn tripped(max_faults: u32, row: u32, window: Tally) -> Option<Tripped> {
    if max_faults == 0 {
        return None;
    }
    if row >= max_faults {
        return Some(Tripped::Row(row));
    }
    let often = window.faults >= max_faults.saturating_mul(2);
    // The window began with a fault, which says nothing about how many follow.
    let Tally { calls, faults } = window.less_one_fault();
    (often && faults >= calls.div_ceil(ONE_IN)).then_some(Tripped::Rate(window))
}

impl Tally {
    /// By the counts of those that went well and of those that did not.
    pub(crate) fn of(good: u64, faults: u64) -> Tally {
        Tally {
            calls: good.wrapping_add(faults) as u32,
            faults: faults as u32,
        }
    }

    fn less_one_fault(self) -> Tally {
        self.since(Tally {
            calls: 1,
            faults: 1,
        })
    }

    fn since(self, earlier: Tally) -> Tally {
        Tally {
            calls: self.calls.wrapping_sub(earlier.calls),
            faults: self.faults.wrapping_sub(earlier.faults),
        }
    }

    /// Both in one atomic, so that they are of one moment.
    fn packed(self) -> u64 {
        u64::from(self.calls) << 32 | u64::from(self.faults)
    }

    fn unpacked(packed: u64) -> Tally {
        let [a, b, c, d, e, f, g, h] = packed.to_be_bytes();
        Tally {
            calls: u32::from_be_bytes([a, b, c, d]),
            faults: u32::from_be_bytes([e, f, g, h]),
        }
    }
}

impl fmt::Display for Tripped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tripped::Row(faults) => write!(f, "{faults} faults in a row"),
            Tripped::Rate(Tally { calls, faults }) => {
                write!(f, "{faults} of its latest {calls} calls failed")
            }
        }
    }
}

#[cfg(test)]
mod tests;
