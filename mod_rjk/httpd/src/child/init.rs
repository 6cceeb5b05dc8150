//! What one child runs with, from child_init to its end.

use super::rounds::Rounds;
use super::{resolver, threads, watchdog};
use crate::ffi::apr::{Names, Pool};
use crate::ffi::error_log::to_error_log;
use crate::ffi::sys;
use crate::log::LogSink;
use crate::server::note_names;
use crate::server::ready::{Child, Ready};
use crate::server::slot::ServerSlot;
use crate::startup::generation::Generation;
use rjk_balance::{Segment, Slots};
use rjk_log::jk_log;
use rjk_proxy::dispatcher::Dispatcher;
use rjk_proxy::worker::edit::is_alive;
use rjk_proxy::worker::setup::Setup;

/// The `child_init` hook.
///
/// # Safety
/// Called by httpd in a fresh child, before any request, with live pool and main server.
pub(crate) unsafe fn init(pool: Pool<'_>, main: *mut sys::server_rec) {
    // SAFETY: as promised.
    let (slot, generation) = unsafe { (ServerSlot::of(main), Generation::of(main)) };
    let ready = slot.and_then(|slot| slot.ready.as_ref());
    let (Some(generation), Some(ready)) = (generation, ready) else {
        return;
    };
    let Some(sink) = &ready.log else {
        return;
    };
    let threads = threads::that_call(main);
    // SAFETY: as promised; the configuration's pool is above those of all requests.
    let notes = unsafe {
        let lasting = Pool::from_raw((*(*main).process).pconf);
        lasting.and_then(|pool| note_names::made_at_once(pool))
    };
    if let Err(error) = start(pool, generation, ready, sink, threads, notes) {
        to_error_log(
            sys::APLOG_EMERG,
            Some(main),
            &format!("mod_rjk: this child cannot forward requests: {error}"),
        );
    }
}

fn start(
    pool: Pool<'_>,
    generation: &Generation,
    ready: &Ready,
    sink: &LogSink,
    threads: usize,
    notes: Option<Names>,
) -> Result<(), String> {
    let log = sink.with_id("CHILD_INIT");
    let (Some(segment), Some(addresses)) = (generation.segment.get(), generation.addresses.get())
    else {
        return Err("the shared memory was not made".to_owned());
    };
    let pid = std::process::id();
    let row = segment.ledger().claim_row(pid, &is_alive);
    if row.is_none() {
        jk_log!(
            &log,
            Warn,
            "all ledger rows are taken: busy counts of this child do not survive a kill"
        );
    }
    let setup = Setup {
        workers: &generation.workers,
        addresses,
        tls: &generation.tls,
        topology: &generation.topology,
        slots: Slots {
            segment: *segment,
            row,
        },
        policies: &generation.policies.for_child(threads, &log),
        watches: &generation.policies.watches(),
        threads,
    };
    let dispatcher = Dispatcher::new(&setup, &log).map_err(|error| error.to_string())?;
    let seconds = generation.watchdog_seconds;
    let watchdog = watchdog::wanted(&ready.child, sink, seconds, &log);
    let period = dispatcher.look_up_period();
    let resolver = resolver::wanted(&ready.child, period, sink, &log);
    let child = Child {
        dispatcher,
        log: sink.clone(),
        notes,
        has_watchdog: watchdog.is_some(),
    };
    if ready.child.set(child).is_err() {
        return Err("the child was set up twice".to_owned());
    }
    pool.own(ChildEnd {
        segment: *segment,
        pid,
        threads: [watchdog, resolver],
    });
    Ok(())
}

/// Takes the child's counts off the totals when it ends in order; the parent does it for one that
/// was killed.
struct ChildEnd {
    segment: Segment,
    pid: u32,
    threads: [Option<Rounds>; 2],
}

impl Drop for ChildEnd {
    fn drop(&mut self) {
        // First: a connection that a thread closes after the counts were taken off would be taken off
        // twice.
        drop(std::mem::take(&mut self.threads));
        self.segment.ledger().reap(self.pid);
    }
}

/// The `child_status` hook, in the parent: a child ended.
///
/// # Safety
/// Called by httpd's only thread in the parent with a live main server.
pub(crate) unsafe fn ended(main: *mut sys::server_rec, pid: u32) {
    // SAFETY: as promised.
    let (slot, generation) = unsafe { (ServerSlot::of(main), Generation::of(main)) };
    let Some(segment) = generation.and_then(|generation| generation.segment.get()) else {
        return;
    };
    let reaped = segment.ledger().reap(pid);
    segment.control.free_dead(pid);
    let ready = slot.and_then(|slot| slot.ready.as_ref());
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
