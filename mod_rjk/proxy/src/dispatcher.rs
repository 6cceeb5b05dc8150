//! All workers of one child, and the way of a request to one of them (contract §4.6).

use crate::attempt::{AjpWorker, Forwarding};
use crate::connection::Counter;
use crate::downstream::Downstream;
use crate::failure::{Cause, Failure, Phase};
use crate::load_balancer::LoadBalancer;
use crate::report::Report;
use crate::request::Request;
use crate::standalone::Standalone;
use bstr::{BString, ByteSlice};
use parking_lot::Mutex;
use rjk_balance::{Drift, Millis, RoutingPolicy, Slots, Topology, UnknownWorker};
use rjk_config::jk_log;
use rjk_config::log::Log;
use rjk_config::model::{AjpSpec, StatusSpec, WorkerSpec};
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

/// Routing policies by the name of their balancer.
pub type Policies = HashMap<BString, Arc<dyn RoutingPolicy>>;

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
    /// The routing policy of each balancer that has one.
    pub policies: &'a Policies,
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

pub(crate) fn ajp_worker(
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
