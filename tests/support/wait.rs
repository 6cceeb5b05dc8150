//! Waiting for something to become true, with a limit instead of a fixed sleep.

use crate::Result;
use anyhow::{anyhow, bail};
use std::time::{Duration, Instant};

/// Pause between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Longest wait for what is due at once, on a machine that may be busy.
pub const SOON: Duration = Duration::from_secs(10);

/// Looks at `condition` until it is true; an error naming `what` after `limit`.
pub fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) -> Result {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > limit {
            bail!("waited {limit:?} in vain: {what}");
        }
        std::thread::sleep(STEP);
    }
    Ok(())
}

/// Whether `condition` became true within `limit`.
pub fn became(limit: Duration, condition: impl FnMut() -> bool) -> bool {
    until("", limit, condition).is_ok()
}

/// Runs `first` in a thread and `second` beside it.
pub fn together<A: Send, B>(
    first: impl FnOnce() -> Result<A> + Send,
    second: impl FnOnce() -> Result<B>,
) -> Result<(A, B)> {
    std::thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        let first = first.join().map_err(|_| anyhow!("a thread failed"))?;
        Ok((first?, second?))
    })
}
