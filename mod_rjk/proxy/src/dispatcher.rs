//! All workers of one child, and the way of a request to one of them (contract §4.6).

use crate::clock::now;
use crate::exchange::switch;
use crate::job::Forwarding;
use crate::job::downstream::Downstream;
use crate::job::failure::{Cause, Failure, Phase};
use crate::job::report::Report;
use crate::job::request::UpstreamRequest;
use crate::way::pool::Budget;
use crate::worker::endpoint::Endpoint;
use crate::worker::load_balancer::LoadBalancer;
use crate::worker::setup::Setup;
use crate::worker::standalone::Standalone;
use bstr::{BStr, BString, ByteSlice};
use parking_lot::Mutex;
use rjk_balance::{Drift, Moment, Slots, UnknownWorker};
use rjk_config::model::{LegacySpec, StatusSpec, WorkerSpec};
use rjk_config::uri_map::Mount;
use rjk_log::{Log, jk_log};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::CStr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant, SystemTime};

/// The workers of one child.
pub struct Dispatcher {
    /// In the order of `worker.list`.
    workers: Vec<(BString, Worker)>,
    places: HashMap<BString, usize>,
    slots: Slots,
    maintain_interval: Duration,
    /// When maintenance is due, in milliseconds of the clock.
    next_maintenance: AtomicU64,
    /// Held by whoever does it.
    drift: Mutex<Drift>,
    /// Edits of the configuration that all endpoints know of.
    followed: AtomicU64,
    /// Maintenance was done, and the checks of idle connections that belong to it were not.
    checks_due: AtomicBool,
}

/// When hosts were looked up.
#[derive(Debug, Default)]
pub struct LookUps(HashMap<BString, Instant>);

impl LookUps {
    /// A host that was never looked up here is due.
    fn since(&self, worker: &BStr) -> Duration {
        let last = self.0.get(worker);
        last.map_or(Duration::MAX, Instant::elapsed)
    }

    fn note(&mut self, worker: &BStr) {
        self.0.insert(worker.to_owned(), Instant::now());
    }
}

/// A worker of `worker.list`.
pub enum Worker {
    /// One Tomcat.
    Ajp(Box<Standalone>),
    /// A balancer.
    Lb(Box<LoadBalancer>),
    /// The status page.
    Status(StatusSpec),
    /// A worker that serves nobody.
    Legacy(LegacySpec),
}

impl Dispatcher {
    /// Builds all workers of the list.
    ///
    /// # Errors
    /// The shared memory was made for another configuration.
    pub fn new(setup: &Setup<'_>, log: &dyn Log) -> Result<Dispatcher, UnknownWorker> {
        let worker = |spec: &WorkerSpec| Ok((spec.name().clone(), Worker::new(spec, setup, log)?));
        let workers = setup.workers.list.iter().map(worker);
        let workers = workers.collect::<Result<Vec<_>, _>>()?;
        let places = workers.iter().zip(0..);
        Ok(Dispatcher {
            places: places
                .map(|((name, _), place)| (name.clone(), place))
                .collect(),
            workers,
            slots: setup.slots,
            maintain_interval: setup.workers.maintain,
            next_maintenance: AtomicU64::default(),
            drift: Mutex::default(),
            followed: AtomicU64::default(),
            checks_due: AtomicBool::default(),
        })
    }

    /// The worker of that name, if `worker.list` has it.
    pub fn worker(&self, name: &[u8]) -> Option<&Worker> {
        let place = *self.places.get(name.as_bstr())?;
        self.workers.get(place).map(|(_, worker)| worker)
    }

    /// The worker of a rule: found by its name once, and then by its place.
    pub fn worker_of(&self, rule: &Mount) -> Option<&Worker> {
        let at = |place: usize| self.workers.get(place);
        let found = rule.place.get().and_then(at);
        if let Some((_, worker)) = found.filter(|(name, _)| *name == rule.worker) {
            return Some(worker);
        }
        let place = *self.places.get(&rule.worker)?;
        rule.place.set(place);
        at(place).map(|(_, worker)| worker)
    }

    /// All workers in the order of `worker.list`.
    pub fn workers(&self) -> impl Iterator<Item = (&BString, &Worker)> {
        self.workers.iter().map(|(name, worker)| (name, worker))
    }

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.workers
            .iter()
            .flat_map(|(_, worker)| worker.endpoints())
    }

    /// What is to be known of certificates that end soon after `now`, each once.
    pub fn notices(&self, now: SystemTime) -> Vec<String> {
        let mut notices: Vec<String> = Vec::new();
        for notice in self.endpoints().flat_map(|endpoint| endpoint.notices(now)) {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        notices
    }

    /// Serves a request by a worker; what became of it goes into a new `report`. Status and legacy workers
    /// have no part in this: they fail with 500.
    pub fn serve<'a>(
        &self,
        worker: &'a Worker,
        request: &'a UpstreamRequest<'_>,
        downstream: &mut dyn Downstream,
        report: &mut Report<'a>,
        log: &dyn Log,
    ) {
        self.follow();
        let mut job = Forwarding::new(request, downstream);
        match worker {
            Worker::Ajp(standalone) => report.result = standalone.serve(&mut job, log),
            Worker::Lb(lb) => lb.serve(&mut job, report, log),
            Worker::Status(_) | Worker::Legacy(_) => {
                report.result = Err(Failure::last(Phase::Connect, Cause::NoAddress));
            }
        }
        // A worker that moved meanwhile does not keep the connection that just came back.
        self.follow();
        // Nothing of a balancer or a pool is held any more: a tunnel lasts.
        if let Some(switched) = job.switched.take() {
            report.result = switch::join(*switched, &mut job, log);
        }
        // Whatever became of the mark of a broken body on its way to the workers (BD-08): what the
        // client gets to know is that its body was.
        if let (Some(broken), Err(failure)) = (job.body.broken_ahead(), &report.result) {
            report.result = Err(Failure::last(failure.phase, Cause::ClientRead(broken)));
        }
        // Noted also when no member takes the request (T-04).
        if let Some(route) = request.overrides.route {
            report.route = Some(Cow::Borrowed(route));
        }
        report.started = job.started;
        report.ended_at = job.heard.ended_at;
    }

    /// Has all endpoints take in what was changed since: connections to where a worker was before are
    /// closed at once, whichever worker the next request is for (PL-10).
    pub fn follow(&self) {
        let edits = self.slots.segment.control.sequence();
        // Read first: each request asks.
        if self.followed.load(Relaxed) == edits {
            return;
        }
        for endpoint in self.endpoints() {
            endpoint.contact();
        }
        self.followed.store(edits, Relaxed);
    }

    /// Maintenance, at most once per `worker.maintain` and by one thread (MT-01): what waits for
    /// nobody, so that a request can have it done before it is served and finds its member
    /// recovered. The checks of idle connections are then due: [`Dispatcher::check_idle`].
    pub fn maintain(&self, log: &dyn Log) {
        self.follow();
        if self.maintain_interval.is_zero() {
            return;
        }
        let now = now();
        // Read first: each request asks. Relaxed, for one number that only says when.
        if now.as_millis() < self.next_maintenance.load(Relaxed) {
            return;
        }
        let Some(mut drift) = self.drift.try_lock() else {
            return;
        };
        let interval = u64::try_from(self.maintain_interval.as_millis()).unwrap_or(u64::MAX);
        let next = now.as_millis().saturating_add(interval);
        // Who had the lock before may just have done it.
        if self.next_maintenance.swap(next, Relaxed) > now.as_millis() {
            return;
        }
        let segment = &self.slots.segment;
        let repaired = segment.reconcile(&mut drift, self.maintain_interval, now);
        if repaired > 0 {
            jk_log!(
                log,
                Warn,
                "{repaired} counts of a child that died were put right"
            );
        }
        for (_, worker) in self.workers() {
            worker.maintain(self.maintain_interval, now, log);
        }
        self.checks_due.store(true, Relaxed);
    }

    /// How often hosts are to be looked up again: the shortest `resolve` of the workers, `None` if there is
    /// none.
    pub fn look_up_period(&self) -> Option<Duration> {
        let endpoints = self.endpoints();
        endpoints
            .filter_map(|endpoint| endpoint.worker().configured().way.resolve)
            .min()
    }

    /// Looks up the hosts that are due, one after the other. Waits for the resolver: it is for a thread
    /// that nobody waits for. `last` is when that was done before, by the same thread.
    pub fn look_up(&self, last: &mut LookUps, log: &dyn Log) {
        for endpoint in self.endpoints() {
            let name = endpoint.worker().name();
            let since = last.since(name);
            if endpoint.look_up(since, log) {
                last.note(name);
            }
        }
    }

    /// The checks of idle connections, when maintenance made them due. They wait for the workers'
    /// CPONG, up to `budget` in all: nobody's answer may depend on that.
    pub fn check_idle(&self, budget: impl FnOnce() -> Budget, log: &dyn Log) {
        // Read first: each request asks.
        if !self.checks_due.load(Relaxed) || !self.checks_due.swap(false, Relaxed) {
            return;
        }
        let budget = budget();
        for endpoint in self.endpoints() {
            endpoint.check_idle(&budget, log);
        }
    }
}

impl Worker {
    fn new(spec: &WorkerSpec, setup: &Setup<'_>, log: &dyn Log) -> Result<Worker, UnknownWorker> {
        Ok(match spec {
            WorkerSpec::Ajp(spec) => Worker::Ajp(Box::new(Standalone::new(spec, setup, log)?)),
            WorkerSpec::Lb(spec) => Worker::Lb(Box::new(LoadBalancer::new(spec, setup, log)?)),
            WorkerSpec::Status(spec) => Worker::Status(spec.clone()),
            WorkerSpec::Legacy(spec) => Worker::Legacy(spec.clone()),
        })
    }

    fn maintain(&self, interval: Duration, now: Moment, log: &dyn Log) {
        match self {
            Worker::Ajp(standalone) => {
                standalone.endpoint.worker().slot().mark_idle();
            }
            Worker::Lb(lb) => {
                rjk_balance::maintain(&lb.balancer, interval, now, log);
            }
            Worker::Status(_) | Worker::Legacy(_) => {}
        }
        let now = Instant::now();
        self.endpoints()
            .iter()
            .for_each(|endpoint| endpoint.shrink(now));
    }

    fn endpoints(&self) -> &[Endpoint] {
        match self {
            Worker::Ajp(standalone) => std::slice::from_ref(&standalone.endpoint),
            Worker::Lb(lb) => &lb.endpoints,
            Worker::Status(_) | Worker::Legacy(_) => &[],
        }
    }

    /// The value of the note `JK_WORKER_TYPE` (T-02).
    pub fn type_name(&self) -> &'static CStr {
        match self {
            Worker::Ajp(_) => c"ajp13",
            Worker::Lb(_) => c"lb",
            Worker::Status(_) => c"status",
            Worker::Legacy(spec) => spec.kind.as_c_str(),
        }
    }
}
