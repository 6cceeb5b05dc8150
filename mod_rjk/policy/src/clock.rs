//! The time of this process.

use rjk_balance::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn wall_clock() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    })
}
