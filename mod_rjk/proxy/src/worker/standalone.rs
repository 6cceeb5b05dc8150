//! An ajp13 worker that requests reach without a balancer.

use super::account::{count_made_good, no_place, outcome, over_limit};
use super::contact::Contact;
use super::endpoint::Endpoint;
use super::setup::Setup;
use crate::clock::now;
use crate::job::failure::Failure;
use crate::job::report::Report;
use crate::job::{Forwarding, Served, Target};
use rjk_balance::{AjpSlot, Slots, UnknownWorker};
use rjk_config::model::AjpSpec;
use rjk_log::Log;
use std::sync::Arc;

/// An ajp13 worker that requests reach directly.
pub struct Standalone {
    /// How it is reached.
    pub endpoint: Endpoint,
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
        let worker = setup.worker(spec)?;
        Ok(Standalone {
            slot: worker.slot(),
            column: worker.column(),
            endpoint: Endpoint::new(Arc::new(worker), setup.threads, log),
        })
    }

    pub(crate) fn serve(&self, job: &mut Forwarding<'_>, slots: Slots, log: &dyn Log) -> Report {
        let route = job.request.overrides.route;
        let mut contact = self.endpoint.contact();
        if let Some(bytes) = contact.eager_body(job.request) {
            job.read_ahead(bytes);
            contact = self.endpoint.contact();
        }
        let result = self.call(&contact, job, slots, route, log);
        Report {
            route: route.map(<[u8]>::to_vec),
            ..Report::ended(result)
        }
    }

    fn call(
        &self,
        contact: &Contact,
        job: &mut Forwarding<'_>,
        slots: Slots,
        route: Option<&[u8]>,
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        let mut checkout = self
            .endpoint
            .pool()
            .checkout()
            .ok_or_else(|| no_place(&self.endpoint))?;
        let in_flight = slots.enter_ajp(self.column);
        let target = Target {
            route,
            activation: b"ACT",
            cookie: None,
        };
        let result = match over_limit(contact.spec(), in_flight.count()) {
            Some(failure) => Err(failure),
            None => {
                self.slot.admitted(in_flight.count());
                contact.call(&mut checkout, job, target, log)
            }
        };
        self.slot
            .record(outcome(&result, job.timeouts), job.traffic, now());
        count_made_good(&result, self.slot, job.timeouts);
        result
    }
}
