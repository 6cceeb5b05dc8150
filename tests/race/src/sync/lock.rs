//! What rjk-proxy's `sync` is for the models: parking_lot's locks by loom's, and time that passes.

use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

pub(crate) use loom::thread::ThreadId;

/// Longer than any model lasts.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3600);

loom::lazy_static! {
    static ref TIME_IS_UP: AtomicBool = AtomicBool::new(false);
}

/// From now on a wait of less than [`PATIENCE`] may end by its limit, and need not: who waits sees this store, or does
/// not see it yet. For a thread of its own.
pub(crate) fn pass_time() {
    TIME_IS_UP.store(true, Relaxed);
}

pub(crate) fn this_thread() -> ThreadId {
    loom::thread::current().id()
}

#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// `None` only while its thread waits.
    locked: Option<loom::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard {
            mutex: self,
            locked: Some(self.0.lock().unwrap()),
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.locked.as_ref().unwrap()
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.locked.as_mut().unwrap()
    }
}

/// Wakes those who wait one after the other, and nobody without a cause, as parking_lot's.
#[derive(Debug)]
pub(crate) struct Condvar(loom::sync::Condvar);

pub(crate) struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub(crate) fn new() -> Condvar {
        Condvar(loom::sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    /// A wait that ends by its limit takes nobody's wake-up along: it is as if it had not been, but for the
    /// others who had the lock meanwhile.
    pub(crate) fn wait_until<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        limit: Instant,
    ) -> WaitTimeoutResult {
        let locked = guard.locked.take().unwrap();
        let may_end = limit.saturating_duration_since(Instant::now()) < PATIENCE / 2;
        let ends = may_end && TIME_IS_UP.load(Relaxed);
        guard.locked = Some(if ends {
            drop(locked);
            guard.mutex.0.lock().unwrap()
        } else {
            self.0.wait(locked).unwrap()
        });
        WaitTimeoutResult(ends)
    }
}
