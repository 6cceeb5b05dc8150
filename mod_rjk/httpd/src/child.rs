//! What one child runs with, from child_init to its end.

use crate::ffi::apr::Pool;
use crate::ffi::error_log::to_error_log;
use crate::ffi::sys;
use crate::log::LogSink;
use crate::server::slot::ServerSlot;
use crate::startup::Generation;
use rjk_balance::{Segment, Slots};
use rjk_config::jk_log;
use rjk_config::log::Log;
use rjk_proxy::dispatcher::{Dispatcher, Setup};
use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The parts of a child.
pub(crate) struct Child {
    pub(crate) dispatcher: Dispatcher,
    /// Maintenance runs in a thread of its own, not in requests (D-16).
    pub(crate) has_watchdog: bool,
}

/// The `child_init` hook.
///
/// # Safety
/// Called by httpd in a fresh child, before any request, with live pool and main server.
pub(crate) unsafe fn init(pool: Pool<'_>, main: *mut sys::server_rec) {
    // SAFETY: as promised.
    let ready = unsafe { ServerSlot::of(main) }.and_then(|slot| slot.ready.as_ref());
    let Some((generation, sink)) = ready.and_then(|r| Some((&r.generation, r.log.as_ref()?)))
    else {
        return;
    };
    if let Err(error) = start(pool, generation, sink) {
        to_error_log(
            sys::APLOG_EMERG,
            Some(main),
            &format!("mod_rjk: this child cannot forward requests: {error}"),
        );
    }
}

fn start(pool: Pool<'_>, generation: &Arc<Generation>, sink: &LogSink) -> Result<(), String> {
    let log = sink.with_id("CHILD_INIT");
    let (Some(segment), Some(addresses)) = (generation.segment.get(), generation.addresses.get())
    else {
        return Err("the shared memory was not made".to_owned());
    };
    let pid = std::process::id();
    let row = segment.claim_row(pid, &is_alive);
    if row.is_none() {
        jk_log!(
            &log,
            Warn,
            "all ledger rows are taken: busy counts of this child do not survive a kill"
        );
    }
    let threads = threads_per_child();
    let setup = Setup {
        workers: &generation.workers,
        addresses,
        topology: &generation.topology,
        slots: Slots {
            segment: *segment,
            row,
        },
        policies: &generation.policies.for_child(segment.policies, threads),
        threads,
    };
    let dispatcher = Dispatcher::new(&setup, &log).map_err(|error| error.to_string())?;
    let watchdog = start_watchdog(generation, sink, &log);
    let child = Child {
        dispatcher,
        has_watchdog: watchdog.is_some(),
    };
    if generation.child.set(child).is_err() {
        return Err("the child was set up twice".to_owned());
    }
    pool.own(ChildEnd {
        segment: *segment,
        pid,
        watchdog,
    });
    Ok(())
}

/// Without the thread, maintenance runs in requests, as with `JkWatchdogInterval 0`.
fn start_watchdog(generation: &Arc<Generation>, sink: &LogSink, log: &dyn Log) -> Option<Watchdog> {
    let seconds = generation.watchdog_seconds;
    if seconds == 0 {
        return None;
    }
    Watchdog::start(generation, sink, seconds)
        .inspect_err(|error| jk_log!(log, Error, "{error}; requests run the maintenance"))
        .ok()
}

/// Threads per child: the size of a pool without `connection_pool_size`.
fn threads_per_child() -> usize {
    let mut threads: c_int = 0;
    // SAFETY: httpd fills the number.
    unsafe { sys::ap_mpm_query(sys::AP_MPMQ_MAX_THREADS as c_int, &mut threads) };
    usize::try_from(threads).unwrap_or(1).max(1)
}

fn is_alive(pid: u32) -> bool {
    let Ok(pid) = libc::pid_t::try_from(pid) else {
        return false;
    };
    // SAFETY: signal 0 is never delivered.
    let sent = unsafe { libc::kill(pid, 0) };
    sent == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

/// Takes the child's counts off the totals when it ends in order; the parent does it for one that
/// was killed.
struct ChildEnd {
    segment: Segment,
    pid: u32,
    watchdog: Option<Watchdog>,
}

impl Drop for ChildEnd {
    fn drop(&mut self) {
        // First: a connection that the thread closes after the counts were taken off would be
        // taken off twice.
        drop(self.watchdog.take());
        self.segment.reap(self.pid);
    }
}

/// The `child_status` hook, in the parent: a child ended.
///
/// # Safety
/// Called by httpd's only thread in the parent with a live main server.
pub(crate) unsafe fn ended(main: *mut sys::server_rec, pid: u32) {
    // SAFETY: as promised.
    let ready = unsafe { ServerSlot::of(main) }.and_then(|slot| slot.ready.as_ref());
    let Some(segment) = ready.and_then(|ready| ready.generation.segment.get()) else {
        return;
    };
    let reaped = segment.reap(pid);
    if let Some(sink) = ready.and_then(|ready| ready.log.as_ref())
        && reaped.requests > 0
    {
        let log = sink.with_id("CLEANUP");
        jk_log!(
            &log,
            Warn,
            "child {pid} died with {} requests in flight: their counts were taken back",
            reaped.requests
        );
    }
}

/// The maintenance thread (D-16).
struct Watchdog {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicBool>,
}

/// How often the thread looks whether it is to stop.
const STEP: Duration = Duration::from_millis(100);

impl Watchdog {
    fn start(
        generation: &Arc<Generation>,
        sink: &LogSink,
        seconds: u64,
    ) -> Result<Watchdog, String> {
        let watchdog = Watchdog {
            stop: Arc::default(),
            done: Arc::default(),
        };
        let (stop, done) = (watchdog.stop.clone(), watchdog.done.clone());
        let (generation, sink) = (generation.clone(), sink.clone());
        let body = move || {
            crate::ffi::guard::catch("the watchdog", (), || {
                watch(&generation, &sink, Duration::from_secs(seconds), &stop);
            });
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

fn watch(generation: &Generation, sink: &LogSink, interval: Duration, stop: &AtomicBool) {
    let log = sink.with_id("WATCHDOG");
    let mut waited = Duration::ZERO;
    while !stop.load(Ordering::Acquire) {
        std::thread::sleep(STEP);
        waited += STEP;
        if waited >= interval {
            waited = Duration::ZERO;
            if let Some(child) = generation.child.get() {
                child.dispatcher.maintain(&log);
            }
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
