//! The clock of the shared records.

use rjk_balance::Moment;
use rustix::time::{ClockId, clock_gettime};

/// Now, by `CLOCK_MONOTONIC`: nobody can set it, and it is the same in all children.
pub fn now() -> Moment {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let millis = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or_default();
    Moment::from_millis(seconds.saturating_mul(1000).saturating_add(millis))
}
