//! What the `sync` of rjk-balance is for the models: loom's atomics, and a process that is killed between two steps.
//! And that of rjk-proxy: its locks.

mod lock;

pub(crate) use lock::{Condvar, Mutex, MutexGuard, PATIENCE, ThreadId, pass_time, this_thread};
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, fence};
use std::cell::Cell;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;

loom::thread_local! {
    /// Changes that this thread may still make; `None` without end.
    static LEFT: Cell<Option<usize>> = Cell::new(None);
}

/// Runs `life` as a process that is killed after so many changes of a count. It has no time to put anything right.
pub(crate) fn killed_after(changes: usize, life: impl FnOnce()) {
    LEFT.with(|left| left.set(Some(changes)));
    let _ = catch_unwind(std::panic::AssertUnwindSafe(life));
    LEFT.with(|left| left.set(None));
}

fn change() {
    LEFT.with(|left| match left.get() {
        None => {}
        Some(0) => resume_unwind(Box::new("killed")),
        Some(some) => left.set(Some(some - 1)),
    });
}

/// A count of the ledger.
#[derive(Debug, Default)]
pub(crate) struct AtomicI64(loom::sync::atomic::AtomicI64);

impl AtomicI64 {
    pub(crate) fn load(&self, order: Ordering) -> i64 {
        self.0.load(order)
    }

    pub(crate) fn swap(&self, new: i64, order: Ordering) -> i64 {
        change();
        self.0.swap(new, order)
    }

    pub(crate) fn fetch_add(&self, amount: i64, order: Ordering) -> i64 {
        change();
        self.0.fetch_add(amount, order)
    }

    pub(crate) fn fetch_sub(&self, amount: i64, order: Ordering) -> i64 {
        change();
        self.0.fetch_sub(amount, order)
    }

    pub(crate) fn fetch_max(&self, other: i64, order: Ordering) -> i64 {
        change();
        self.0.fetch_max(other, order)
    }

    pub(crate) fn compare_exchange(
        &self,
        old: i64,
        new: i64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<i64, i64> {
        change();
        self.0.compare_exchange(old, new, success, failure)
    }
}
