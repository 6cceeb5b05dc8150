//! A thread of this child that does the same thing again and again.

use crate::ffi::guard::catch;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The thread; dropping this stops it.
pub(super) struct Rounds {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicBool>,
}

/// How often the thread looks whether it is to stop.
const STEP: Duration = Duration::from_millis(100);

impl Rounds {
    /// Starts the thread `name`, which does a round after each `interval`.
    pub(super) fn start(
        name: &'static str,
        interval: Duration,
        round: impl FnMut() + Send + 'static,
    ) -> Result<Rounds, String> {
        let rounds = Rounds {
            stop: Arc::default(),
            done: Arc::default(),
        };
        let (stop, done) = (rounds.stop.clone(), rounds.done.clone());
        let body = move || {
            go_on(name, interval, round, &stop);
            done.store(true, Ordering::Release);
        };
        // httpd's signals are for httpd's threads: a new thread inherits the mask.
        let spawned = with_signals_blocked(|| {
            std::thread::Builder::new()
                .name(format!("rjk-{name}"))
                .spawn(body)
        });
        spawned
            .map(|_| rounds)
            .map_err(|error| format!("the {name} cannot start: {error}"))
    }
}

fn go_on(name: &'static str, interval: Duration, mut round: impl FnMut(), stop: &AtomicBool) {
    let entry = format!("the {name}");
    let mut waited = Duration::ZERO;
    while !stop.load(Ordering::Acquire) {
        std::thread::sleep(STEP);
        waited += STEP;
        if waited >= interval {
            waited = Duration::ZERO;
            // Each round for itself: what the next one does must not be lost with this one.
            catch(&entry, (), &mut round);
        }
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Bounded: prefork may run clean-ups from a signal handler, with a lock in its own hands.
        for _ in 0..20 {
            if self.done.load(Ordering::Acquire) {
                return;
            }
            std::thread::sleep(STEP / 4);
        }
    }
}

fn with_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    // SAFETY: the sets are plain data that the calls fill; the old mask is restored.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        let result = body();
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        result
    }
}
