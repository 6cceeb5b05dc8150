//! The records in shared memory (contract LB-02, LB-03, LB-05, H-06).
//!
//! Atomics only, and all zero is a valid start, so a fresh file needs no initialisation.
//! Counters are statistics: they are exact (BG-24), but not read at one instant.

use crate::outcome::{Outcome, Traffic};
use crate::shared::failures::Failures;
use crate::state::State;
use crate::sync::{AtomicI64, AtomicU32, AtomicU64};
use crate::time::{AtomicMoment, Moment};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// One ajp13 worker, by name: shared by every balancer and standalone use of it (LB-05, H-05).
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct AjpSlot {
    pub(crate) busy: AtomicI64,
    pub(crate) connected: AtomicI64,
    /// Highest number of requests in flight.
    pub max_busy: AtomicI64,
    /// Highest number of open connections.
    pub max_connected: AtomicI64,
    /// Service calls that got an endpoint.
    pub used: AtomicU64,
    /// Service calls that failed because of the worker or its busy limit.
    pub errors: AtomicU64,
    /// Service calls that failed because of the client.
    pub client_errors: AtomicU64,
    /// Reply timeouts, halved by each maintenance (L-11, MT-04).
    pub reply_timeouts: AtomicU64,
    /// Bytes from Tomcat.
    pub read_bytes: AtomicU64,
    /// Bytes to Tomcat.
    pub sent_bytes: AtomicU64,
    /// When the worker failed last; never when the last call was good.
    pub error_time: AtomicMoment,
    /// `used` at the last maintenance.
    pub used_snapshot: AtomicU64,
    /// When its counters were reset; never since the start.
    pub last_reset: AtomicMoment,
    pub(crate) state: AtomicU32,
    /// Counts the workers that had this slot, for additions while running.
    pub generation: AtomicU32,
}

impl AjpSlot {
    /// Requests in flight over all children.
    pub fn busy(&self) -> u64 {
        clamped(&self.busy)
    }

    /// Open connections over all children.
    pub fn connected(&self) -> u64 {
        clamped(&self.connected)
    }

    /// Informational state of the worker by itself (ST-11); never blocks a request.
    pub fn state(&self) -> State {
        State::from_code(self.state.load(Relaxed))
    }

    /// A request was let in, and this many are in flight with it. Those that `busy_limit` turned away
    /// are no part of the highest number (SV-02).
    pub fn admitted(&self, in_flight: u64) {
        let in_flight = i64::try_from(in_flight).unwrap_or(i64::MAX);
        raise(&self.max_busy, in_flight);
    }

    /// Counts the end of a service call on this worker (SV-02, SV-05, BG-19). A [`crate::Lease`]
    /// does it for balanced requests, the caller for those sent to the worker directly.
    pub fn record(&self, outcome: Outcome, traffic: Traffic, now: Moment) {
        self.add_traffic(traffic);
        match outcome {
            Outcome::Success => self.set_good(),
            Outcome::ClientError => {
                add(&self.client_errors, 1);
                self.set_good();
            }
            Outcome::BusyLimit => add(&self.errors, 1),
            Outcome::ReplyTimeout { count } => {
                self.add_reply_timeouts(count);
                self.set_failed(now);
            }
            Outcome::Internal | Outcome::Aborted => {}
            Outcome::Protocol | Outcome::StatusSoft | Outcome::StatusHard | Outcome::LocalError => {
                self.set_failed(now)
            }
        }
    }

    /// Counts bytes to and from it.
    pub(crate) fn add_traffic(&self, traffic: Traffic) {
        add(&self.read_bytes, traffic.read);
        add(&self.sent_bytes, traffic.sent);
    }

    /// Counts reply timeouts of attempts that a later attempt of the same service call made good
    /// (L-11: the counter rises once per attempt).
    pub fn add_reply_timeouts(&self, count: u32) {
        add(&self.reply_timeouts, u64::from(count));
    }

    /// Maintenance of the worker by itself: OK becomes IDLE when nobody used it since (ST-11).
    pub fn mark_idle(&self) {
        let used = self.used.load(Relaxed);
        if self.used_snapshot.swap(used, Relaxed) == used {
            let (ok, idle) = (State::Ok.code(), State::Idle.code());
            let _ = self.state.compare_exchange(ok, idle, Relaxed, Relaxed);
        }
    }

    fn set_good(&self) {
        // Nearly always both say so: what is not written stays with who has it.
        if self.state.load(Relaxed) != State::Ok.code() {
            self.state.store(State::Ok.code(), Relaxed);
        }
        if self.error_time.load() != Moment::NEVER {
            self.error_time.store(Moment::NEVER);
        }
    }

    fn set_failed(&self, now: Moment) {
        add(&self.errors, 1);
        self.state.store(State::Error.code(), Relaxed);
        self.error_time.store(now);
    }
}

/// How long an estimate of latency takes to fall by half when nothing new comes.
pub const LATENCY_HALVES: Duration = Duration::from_secs(10);

/// What a scan compares of one member (LB-02): four of them share a cache line, so that a scan of a
/// thousand does not fetch a thousand. Every request writes one of them, so none of the numbers that
/// requests only read stands beside them.
#[derive(Debug, Default)]
#[repr(C)]
pub struct MemberLoad {
    /// What the balancing method counted: load V (LB-02), unless it compares what is in flight.
    pub(crate) value: AtomicU64,
    pub(crate) busy: AtomicI64,
}

impl MemberLoad {
    /// Attempts in flight on the member in this balancer, over all children; counted for methods
    /// that compare it ([`crate::load::Method::counts_in_flight`]).
    pub fn busy(&self) -> u64 {
        clamped(&self.busy)
    }

    /// What the balancing method counted.
    pub fn value(&self) -> u64 {
        self.value.load(Relaxed)
    }
}

/// One member of one balancer (LB-03), without what a scan compares: see [`MemberLoad`] and
/// [`StateWord`](crate::StateWord).
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct MemberSlot {
    /// Counts the members that had this slot, for additions while running.
    pub generation: AtomicU32,
    /// Failures charged to the member (TR-10, TR-12, TR-14).
    pub errors: AtomicU64,
    /// See [`MemberSlot::latency_us`], as of `latency_at`.
    latency_us: AtomicU64,
    latency_at: AtomicMoment,
    /// Since when the member works: its first use, or its return from an error; never before.
    pub usable_since: AtomicMoment,
    /// Requests without a session that it took (LB-16).
    pub sessions: AtomicU64,
    /// First error since the last success; never when there was none.
    pub first_error: AtomicMoment,
    /// Latest error since the last success; never when there was none.
    pub last_error: AtomicMoment,
    /// `used` of its worker at the last maintenance (TR-18).
    pub used_snapshot: AtomicU64,
    /// Its failures, for policies.
    pub failures: Failures,
}

impl MemberSlot {
    /// Notes that the member was seen working at `now`, if nothing was noted before.
    pub(crate) fn seen_usable(&self, now: Moment) {
        if self.usable_since.load() == Moment::NEVER {
            let _ = self.usable_since.replace(Moment::NEVER, now);
        }
    }

    /// Forgets the error times (TR-05, TR-06, TR-09).
    pub(crate) fn clear_errors(&self) {
        // Nearly always both are zero: do not take the cache line for writing in vain.
        for time in [&self.first_error, &self.last_error] {
            if time.load() != Moment::NEVER {
                time.store(Moment::NEVER);
            }
        }
    }

    /// Average time in µs in which the worker gave the response heads of successful attempts,
    /// newest weighted 1/8; 0 when there was none. It halves with each [`LATENCY_HALVES`] without
    /// a new one, so that a member that was slow once is tried again.
    pub fn latency_us(&self, now: Moment) -> u64 {
        let latest = self.latency_us.load(Relaxed);
        match latest.checked_shr(self.latency_halvings(now)) {
            _ if latest == 0 => 0,
            aged => aged.unwrap_or(0).max(1),
        }
    }

    /// Takes one successful attempt into the latency average.
    pub(crate) fn add_latency(&self, waited: Duration, now: Moment) {
        let sample = u64::try_from(waited.as_micros())
            .unwrap_or(u64::MAX / 8)
            .max(1);
        let old = self.latency_us(now);
        // What is that old says nothing any more. A lost update costs one sample of an estimate.
        let new = if old == 0 || self.latency_halvings(now) >= 3 {
            sample
        } else {
            old - old / 8 + sample / 8
        };
        self.latency_us.store(new.max(1), Relaxed);
        self.latency_at.store(now);
    }

    /// How long ago the latest sample of [`MemberSlot::latency_us`] was taken; `None` when there was
    /// none.
    pub fn latency_age(&self, now: Moment) -> Option<Duration> {
        self.latency_at.age(now)
    }

    fn latency_halvings(&self, now: Moment) -> u32 {
        let age = now.since(self.latency_at.load()).as_secs();
        u32::try_from(age / LATENCY_HALVES.as_secs()).unwrap_or(u32::MAX)
    }
}

/// A number that every request writes, on a cache line by itself.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct OwnLine(pub(crate) AtomicI64);

/// One balancer.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct BalancerSlot {
    pub(crate) busy: OwnLine,
    /// Highest number of requests in flight.
    pub max_busy: AtomicI64,
    /// How often loads of its members were lowered.
    pub(crate) lowerings: AtomicU64,
    /// When the global maintenance ran last (MT-03); never before the first one.
    pub last_maintenance: AtomicMoment,
    /// When its counters were reset; never since the start.
    pub last_reset: AtomicMoment,
    /// Counts the balancers that had this slot, for additions while running.
    pub generation: AtomicU32,
}

impl BalancerSlot {
    /// Requests in flight over all children.
    pub fn busy(&self) -> u64 {
        clamped(&self.busy.0)
    }
}

/// Raises the highest number seen.
pub(crate) fn raise(max: &AtomicI64, count: i64) {
    // Read first: the maximum rarely moves, and a plain read leaves the cache line shared.
    if max.load(Relaxed) < count {
        max.fetch_max(count, Relaxed);
    }
}

/// Adds to a statistic.
pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    if amount != 0 {
        counter.fetch_add(amount, Relaxed);
    }
}

/// Adds to a load that may not begin again at zero.
pub(crate) fn add_saturating(counter: &AtomicU64, amount: u64) {
    change(counter, |value| value.saturating_add(amount));
}

/// Takes off a load, down to zero.
pub(crate) fn lower(counter: &AtomicU64, amount: u64) {
    change(counter, |value| value.saturating_sub(amount));
}

/// Divides a decaying counter by 2^`exponent`.
pub(crate) fn decay(counter: &AtomicU64, exponent: u32) {
    change(counter, |value| value.checked_shr(exponent).unwrap_or(0));
}

fn change(counter: &AtomicU64, new: impl Fn(u64) -> u64) {
    let mut old = counter.load(Relaxed);
    // What stays as it is is not written: the cache line stays with who has it.
    while new(old) != old {
        match counter.compare_exchange_weak(old, new(old), Relaxed, Relaxed) {
            Ok(_) => return,
            Err(seen) => old = seen,
        }
    }
}

/// A count that a kill at the wrong moment may leave one too low reads as 0, not below.
pub(crate) fn clamped(counter: &AtomicI64) -> u64 {
    u64::try_from(counter.load(Relaxed)).unwrap_or(0)
}
