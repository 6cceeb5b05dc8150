//! An ajp13 worker that requests reach without a balancer.

use crate::attempt::{AjpWorker, Forwarding, Served, Target};
use crate::dispatcher::{Setup, ajp_worker, now};
use crate::failure::Failure;
use crate::report::{Report, count_made_good, log_failure, no_place, outcome, over_limit};
use rjk_balance::{AjpSlot, Slots, UnknownWorker};
use rjk_config::log::Log;
use rjk_config::model::AjpSpec;

/// An ajp13 worker that requests reach directly.
pub struct Standalone {
    /// The worker.
    pub worker: AjpWorker,
    /// Its shared record.
    pub slot: &'static AjpSlot,
    column: usize,
}

impl Standalone {
    pub(crate) fn new(
        spec: &AjpSpec,
        setup: &Setup<'_>,
        log: &dyn Log,
    ) -> Result<Standalone, UnknownWorker> {
        let unknown = || UnknownWorker(spec.name.clone());
        let column = setup.topology.ajp_column(&spec.name).ok_or_else(unknown)?;
        let slot = setup.slots.segment.ajp.get(column).ok_or_else(unknown)?;
        Ok(Standalone {
            worker: ajp_worker(spec, setup, log)?,
            slot,
            column,
        })
    }

    pub(crate) fn serve(&self, job: &mut Forwarding<'_>, slots: Slots, log: &dyn Log) -> Report {
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
