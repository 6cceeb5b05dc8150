//! All workers of one child, and the way of a request to one of them (contract §4.6).

use crate::attempt::{AjpWorker, Forwarding, Served, Target};
use crate::connection::Counter;
use crate::downstream::Downstream;
use crate::failure::{Cause, Failure, Fault, Phase};
use crate::request::Request;
use bstr::{BString, ByteSlice};
use parking_lot::Mutex;
use rjk_balance::{
    AjpSlot, Balancer, Choice, Drift, MemberSnapshot, Millis, Observation, Outcome, Pick, Round,
    RoutingInput, Selection, SessionRoutes, Slots, Topology, UnknownWorker,
};
use rjk_config::jk_log;
use rjk_config::log::Log;
use rjk_config::model::{AjpSpec, LbSpec, StatusSpec, WorkerSpec};
use rjk_config::workers::Workers;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The workers of one child.
pub struct Dispatcher {
    workers: HashMap<BString, Worker>,
    order: Vec<BString>,
    slots: Slots,
    maintain_interval: Duration,
    maintenance: Mutex<Maintenance>,
}

#[derive(Default)]
struct Maintenance {
    last: Option<Instant>,
    drift: Drift,
}

/// A worker of `worker.list`.
pub enum Worker {
    /// One Tomcat.
    Ajp(Box<Standalone>),
    /// A balancer.
    Lb(Box<LoadBalancer>),
    /// The status page.
    Status(StatusSpec),
}

/// An ajp13 worker that requests reach directly.
pub struct Standalone {
    /// The worker.
    pub worker: AjpWorker,
    /// Its shared record.
    pub slot: &'static AjpSlot,
    column: usize,
}

/// A balancer and the connections to its members.
pub struct LoadBalancer {
    /// The choice.
    pub balancer: Balancer,
    /// The members, in configuration order.
    pub members: Vec<AjpWorker>,
}

/// What became of a request.
pub struct Report {
    /// The response, or why there is none.
    pub result: Result<Served, Failure>,
    /// The response head went to the client.
    pub started: bool,
    /// Route that was forwarded (T-04).
    pub route: Option<Vec<u8>>,
    /// The first member that was tried (T-05…T-14).
    pub first: Option<MemberSnapshot>,
    /// The last member that was tried (T-15…T-24).
    pub last: Option<MemberSnapshot>,
}

/// What a child needs to build its workers.
pub struct Setup<'a> {
    /// The configured workers.
    pub workers: &'a Workers,
    /// Where each ajp worker listens; resolved once by the parent.
    pub addresses: &'a HashMap<BString, SocketAddr>,
    /// The slots of the shared memory.
    pub topology: &'a Topology,
    /// This child's way to them.
    pub slots: Slots,
    /// Threads per child, the default pool size.
    pub threads: usize,
}

/// Wall clock.
pub fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

impl Dispatcher {
    /// Builds all workers of the list.
    ///
    /// # Errors
    /// The shared memory was made for another configuration.
    pub fn new(setup: &Setup<'_>, log: &dyn Log) -> Result<Dispatcher, UnknownWorker> {
        let mut workers = HashMap::new();
        for spec in &setup.workers.list {
            workers.insert(spec.name().clone(), Worker::new(spec, setup, log)?);
        }
        Ok(Dispatcher {
            workers,
            order: setup
                .workers
                .list
                .iter()
                .map(|spec| spec.name().clone())
                .collect(),
            slots: setup.slots,
            maintain_interval: setup.workers.maintain,
            maintenance: Mutex::default(),
        })
    }

    /// The worker of that name, if `worker.list` has it.
    pub fn worker(&self, name: &[u8]) -> Option<&Worker> {
        self.workers.get(name.as_bstr())
    }

    /// All workers in the order of `worker.list`.
    pub fn workers(&self) -> impl Iterator<Item = (&BString, &Worker)> {
        self.order
            .iter()
            .filter_map(|name| Some((name, self.workers.get(name)?)))
    }

    /// Serves a request by a worker. The status worker has no part in this: it fails with 500.
    pub fn serve(
        &self,
        worker: &Worker,
        request: &Request<'_>,
        downstream: &mut dyn Downstream,
        log: &dyn Log,
    ) -> Report {
        let mut job = Forwarding::new(request, downstream);
        let report = match worker {
            Worker::Ajp(standalone) => standalone.serve(&mut job, self.slots, log),
            Worker::Lb(lb) => lb.serve(&mut job, log),
            Worker::Status(_) => Report::failed(Failure::last(Phase::Connect, Cause::NoAddress)),
        };
        Report {
            started: job.started,
            ..report
        }
    }

    /// Maintenance, at most once per `worker.maintain` and by one thread (MT-01).
    pub fn maintain(&self, log: &dyn Log) {
        if self.maintain_interval.is_zero() {
            return;
        }
        let Some(mut state) = self.maintenance.try_lock() else {
            return;
        };
        let due = state
            .last
            .is_none_or(|last| last.elapsed() >= self.maintain_interval);
        if !due {
            return;
        }
        state.last = Some(Instant::now());
        let repaired = self.slots.segment.reconcile(&mut state.drift);
        if repaired > 0 {
            jk_log!(
                log,
                Warn,
                "{repaired} counts of a child that died were put right"
            );
        }
        for worker in self.workers.values() {
            worker.maintain(self.maintain_interval, log);
        }
    }
}

impl Worker {
    fn new(spec: &WorkerSpec, setup: &Setup<'_>, log: &dyn Log) -> Result<Worker, UnknownWorker> {
        Ok(match spec {
            WorkerSpec::Ajp(spec) => Worker::Ajp(Box::new(Standalone::new(spec, setup, log)?)),
            WorkerSpec::Lb(spec) => Worker::Lb(Box::new(LoadBalancer::new(spec, setup, log)?)),
            WorkerSpec::Status(spec) => Worker::Status(spec.clone()),
        })
    }

    fn maintain(&self, interval: Duration, log: &dyn Log) {
        match self {
            Worker::Ajp(standalone) => {
                standalone.slot.mark_idle();
                standalone.worker.maintain();
            }
            Worker::Lb(lb) => {
                lb.balancer.maintain(interval, now(), log);
                lb.members.iter().for_each(AjpWorker::maintain);
            }
            Worker::Status(_) => {}
        }
    }

    /// The value of the note `JK_WORKER_TYPE` (T-02).
    pub fn type_name(&self) -> &'static str {
        match self {
            Worker::Ajp(_) => "ajp13",
            Worker::Lb(_) => "lb",
            Worker::Status(_) => "status",
        }
    }
}

fn ajp_worker(
    spec: &AjpSpec,
    setup: &Setup<'_>,
    log: &dyn Log,
) -> Result<AjpWorker, UnknownWorker> {
    let column = setup.topology.ajp_column(&spec.name);
    let column = column.ok_or_else(|| UnknownWorker(spec.name.clone()))?;
    let counter = Counter {
        slots: setup.slots,
        column,
    };
    let address = setup.addresses.get(&spec.name).copied();
    Ok(AjpWorker::new(spec, address, setup.threads, counter, log))
}

impl Standalone {
    fn new(spec: &AjpSpec, setup: &Setup<'_>, log: &dyn Log) -> Result<Standalone, UnknownWorker> {
        let unknown = || UnknownWorker(spec.name.clone());
        let column = setup.topology.ajp_column(&spec.name).ok_or_else(unknown)?;
        let slot = setup.slots.segment.ajp.get(column).ok_or_else(unknown)?;
        Ok(Standalone {
            worker: ajp_worker(spec, setup, log)?,
            slot,
            column,
        })
    }

    fn serve(&self, job: &mut Forwarding<'_>, slots: Slots, log: &dyn Log) -> Report {
        let route = job.request.overrides.route;
        let result = self.service(job, slots, route, log);
        if let Err(failure) = &result {
            log_failure(&self.worker.spec().name, failure, log);
        }
        Report {
            route: route.map(<[u8]>::to_vec),
            ..Report::ended(result)
        }
    }

    fn service(
        &self,
        job: &mut Forwarding<'_>,
        slots: Slots,
        route: Option<&[u8]>,
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        let mut checkout = self
            .worker
            .pool()
            .checkout()
            .ok_or_else(|| no_place(&self.worker))?;
        let in_flight = slots.enter_ajp(self.column);
        let target = Target {
            route,
            activation: b"ACT",
            cookie: None,
        };
        let result = match over_limit(self.worker.spec(), in_flight.count()) {
            Some(failure) => Err(failure),
            None => self.worker.service(&mut checkout, job, target, log),
        };
        self.slot
            .record(outcome(&result, job.timeouts), job.traffic, now());
        count_made_good(&result, self.slot, job.timeouts);
        result
    }
}

impl LoadBalancer {
    fn new(spec: &LbSpec, setup: &Setup<'_>, log: &dyn Log) -> Result<LoadBalancer, UnknownWorker> {
        let members = spec
            .members
            .iter()
            .map(|member| ajp_worker(&member.ajp, setup, log))
            .collect::<Result<_, _>>()?;
        let balancer = Balancer::new(
            Arc::new(reachable(spec, setup)),
            setup.topology,
            setup.slots,
            None,
        )?;
        Ok(LoadBalancer { balancer, members })
    }

    fn serve(&self, job: &mut Forwarding<'_>, log: &dyn Log) -> Report {
        let request = job.request;
        let overrides = self.balancer.overrides(request.rule);
        let input = RoutingInput {
            routes: self.session_routes(request),
            jk_route: request.overrides.route,
            stateless: request.is_stateless(),
            overrides: &overrides,
            request: request.view,
        };
        let has_room = |index: usize| self.members[index].pool().has_room();
        let selection = self.balancer.begin(&input, &has_room, now(), log);
        let mut round = FailoverRun {
            lb: self,
            selection,
            job,
            log,
            report: Report::none(),
        };
        let result = round.run();
        let report = round.report;
        if let Err(failure) = &result {
            log_failure(&self.balancer.spec().name, failure, log);
        }
        Report { result, ..report }
    }

    fn session_routes<'a>(&self, request: &'a Request<'_>) -> SessionRoutes<'a> {
        if request.ignores_session() {
            return SessionRoutes::default();
        }
        let headers = request.forward.headers.iter();
        let cookies = headers
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"Cookie"))
            .map(|(_, value)| *value);
        let path = request.forward.uri;
        self.balancer
            .session_routes(request.rule, request.overrides.route, path, cookies)
    }
}

/// a member without an address cannot take requests.
fn reachable(spec: &LbSpec, setup: &Setup<'_>) -> LbSpec {
    let mut spec = spec.clone();
    for member in &mut spec.members {
        if !setup.addresses.contains_key(&member.ajp.name) {
            member.ajp.port = 0;
        }
    }
    spec
}

/// The failover loop of one request.
struct FailoverRun<'a, 'r, 'j> {
    lb: &'a LoadBalancer,
    selection: Selection<'a>,
    job: &'j mut Forwarding<'r>,
    log: &'a dyn Log,
    report: Report,
}

impl<'a> FailoverRun<'a, '_, '_> {
    fn run(&mut self) -> Result<Served, Failure> {
        let mut rounds = self.lb.balancer.rounds();
        let mut last = None;
        loop {
            match rounds.next() {
                Round::Exhausted => break,
                Round::NewRound(pause) => {
                    std::thread::sleep(pause);
                    self.selection.next_round(now());
                    continue;
                }
                Round::Attempt => {}
            }
            let failure = match self.selection.pick(now()) {
                Pick::Member(choice) => match self.attempt(&choice) {
                    Ok(served) => return Ok(served),
                    Err(failure) => failure,
                },
                Pick::NoMember(missing) => Failure::unsent(Phase::Select, Cause::NoMember(missing)),
                Pick::Reject(status) => {
                    return Ok(Served::ServerPage {
                        status,
                        authenticate: None,
                    });
                }
            };
            if !failure.retry {
                return Err(failure);
            }
            last = Some(failure);
        }
        Err(last.unwrap_or_else(|| {
            Failure::unsent(
                Phase::Select,
                Cause::NoMember(rjk_balance::Missing::Unusable),
            )
        }))
    }

    fn attempt(&mut self, choice: &Choice<'a>) -> Result<Served, Failure> {
        let member = &self.lb.members[choice.index];
        let Some(mut checkout) = member.pool().checkout() else {
            self.selection.no_endpoint(choice.index, now());
            self.note(choice);
            return Err(no_place(member));
        };
        let started = Instant::now();
        let lease = self.selection.start(choice);
        // What an attempt before this one moved is not this member's.
        self.job.begin_service();
        let result = match over_limit(member.spec(), lease.busy()) {
            Some(failure) => Err(failure),
            None => self.service(member, &mut checkout, choice),
        };
        drop(checkout);
        let outcome = outcome(&result, self.job.timeouts);
        let traffic = self.job.traffic;
        lease.finish(
            outcome,
            traffic,
            started.elapsed(),
            now(),
            &mut self.selection,
        );
        if let Some(slot) = self.lb.balancer.ajp_slot(choice.index) {
            count_made_good(&result, slot, self.job.timeouts);
        }
        self.account(choice, &result, started.elapsed());
        result.inspect_err(|failure| {
            let name = &member.spec().name;
            jk_log!(
                self.log,
                Info,
                "member {name} of {} {failure}",
                self.lb.balancer.spec().name
            );
        })
    }

    fn service(
        &mut self,
        member: &AjpWorker,
        checkout: &mut crate::pool::Checkout<'_>,
        choice: &Choice<'a>,
    ) -> Result<Served, Failure> {
        let request = self.job.request;
        let own_route = &self.lb.balancer.members()[choice.index].route;
        let cookie = (!choice.sticky)
            .then(|| {
                self.lb
                    .balancer
                    .session_cookie(own_route, request.rule, request.forward.is_ssl)
            })
            .flatten();
        let target = Target {
            route: Some(choice.route),
            activation: choice.activation.as_str().as_bytes(),
            cookie: cookie.as_deref(),
        };
        member.service(checkout, self.job, target, self.log)
    }

    /// Keeps what the notes say of a member that was tried (T-04…T-24).
    fn note(&mut self, choice: &Choice<'_>) {
        let snapshot = self.lb.balancer.snapshot(choice.index);
        if self.report.first.is_none() {
            self.report.first.clone_from(&snapshot);
        }
        self.report.last = snapshot;
        self.report.route = Some(choice.route.to_vec());
    }

    /// Keeps what notes and the policy learn of an attempt.
    fn account(
        &mut self,
        choice: &Choice<'_>,
        result: &Result<Served, Failure>,
        duration: Duration,
    ) {
        self.note(choice);
        let status = match result {
            Ok(Served::Response { status } | Served::ServerPage { status, .. }) => *status,
            Err(failure) => failure.status(),
        };
        let traffic = self.job.traffic;
        self.lb.balancer.observe(&Observation {
            index: choice.index,
            status,
            duration,
            read: traffic.read,
            sent: traffic.sent,
        });
    }
}

impl Report {
    fn none() -> Report {
        Report::failed(Failure::unsent(
            Phase::Select,
            Cause::NoMember(rjk_balance::Missing::Unusable),
        ))
    }

    fn failed(failure: Failure) -> Report {
        Report::ended(Err(failure))
    }

    fn ended(result: Result<Served, Failure>) -> Report {
        Report {
            result,
            started: false,
            route: None,
            first: None,
            last: None,
        }
    }
}

fn no_place(worker: &AjpWorker) -> Failure {
    Failure::unsent(
        Phase::Acquire,
        Cause::NoPlace(worker.pool().acquire_timeout()),
    )
}

/// SV-02: more in flight than `busy_limit`, this request included.
fn over_limit(spec: &AjpSpec, busy: u64) -> Option<Failure> {
    let limit = spec
        .busy_limit
        .filter(|limit| *limit > 0 && busy > u64::from(*limit))?;
    Some(Failure::unsent(Phase::Acquire, Cause::BusyLimit { limit }))
}

fn outcome(result: &Result<Served, Failure>, timeouts: u32) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(failure) => failure.outcome(timeouts),
    }
}

/// L-11: reply timeouts count once per attempt, also when a later attempt went well.
fn count_made_good(result: &Result<Served, Failure>, slot: &AjpSlot, timeouts: u32) {
    if result.is_ok() && timeouts > 0 {
        slot.add_reply_timeouts(timeouts);
    }
}

/// The one line of a request that failed: worker, phase, remedy.
fn log_failure(name: &BString, failure: &Failure, log: &dyn Log) {
    if failure.fault() == Fault::Client {
        jk_log!(log, Info, "worker {name} {failure}");
    } else {
        jk_log!(log, Error, "worker {name} {failure}");
    }
}
