//! Maintenance in a thread of its own.

use crate::ffi::guard::catch;
use crate::log::LogSink;
use crate::server::ready::Child;
use once_cell::sync::OnceCell;
use rjk_log::{Log, jk_log};
use rjk_proxy::way::pool::Budget;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The maintenance thread (D-16).
pub(super) struct Watchdog {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicBool>,
}

/// How often the thread looks whether it is to stop.
const STEP: Duration = Duration::from_millis(100);

impl Watchdog {
    /// The thread, if `JkWatchdogInterval` asks for it. Without one, maintenance runs in requests.
    pub(super) fn wanted(
        child: &Arc<OnceCell<Child>>,
        sink: &LogSink,
        seconds: u64,
        log: &dyn Log,
    ) -> Option<Watchdog> {
        if seconds == 0 {
            return None;
        }
        Watchdog::start(child, sink, seconds)
            .inspect_err(|error| jk_log!(log, Error, "{error}; requests run the maintenance"))
            .ok()
    }

    fn start(
        child: &Arc<OnceCell<Child>>,
        sink: &LogSink,
        seconds: u64,
    ) -> Result<Watchdog, String> {
        let watchdog = Watchdog {
            stop: Arc::default(),
            done: Arc::default(),
        };
        let (stop, done) = (watchdog.stop.clone(), watchdog.done.clone());
        let (child, sink) = (child.clone(), sink.clone());
        let body = move || {
            watch(&child, &sink, Duration::from_secs(seconds), &stop);
            done.store(true, Ordering::Release);
        };
        // httpd's signals are for httpd's threads: a new thread inherits the mask.
        let spawned = with_signals_blocked(|| {
            std::thread::Builder::new()
                .name("rjk-watchdog".to_owned())
                .spawn(body)
        });
        spawned
            .map(|_| watchdog)
            .map_err(|error| format!("the watchdog cannot start: {error}"))
    }
}

fn watch(child: &OnceCell<Child>, sink: &LogSink, interval: Duration, stop: &AtomicBool) {
    let log = sink.with_id("WATCHDOG");
    let mut waited = Duration::ZERO;
    while !stop.load(Ordering::Acquire) {
        std::thread::sleep(STEP);
        waited += STEP;
        if waited >= interval {
            waited = Duration::ZERO;
            // Each round for itself: members in error would wait for ever without the next one.
            catch("the watchdog", (), || {
                if let Some(child) = child.get() {
                    child.dispatcher.maintain(&log);
                    child.dispatcher.check_idle(|| Budget::UNLIMITED, &log);
                }
            });
        }
    }
}

impl Drop for Watchdog {
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
