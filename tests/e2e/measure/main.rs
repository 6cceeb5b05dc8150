//! What is measured: time, memory, gigabytes. One test at a time, however many threads there are, so
//! that they do not measure each other.

mod clients;
mod compile;
mod hostile;
mod large;
mod memory;
mod restart;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nobody else of this binary runs as long as it is held.
fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}
