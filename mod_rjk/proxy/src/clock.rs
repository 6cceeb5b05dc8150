//! The time that shared records are kept in.

use rjk_balance::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

/// Wall clock.
pub fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
