//! An ajp13 worker that requests reach without a balancer.

use super::account::{count_made_good, no_place, outcome, over_limit};
use super::contact::Contact;
use super::endpoint::Endpoint;
use super::setup::Setup;
use crate::clock::now;
use crate::job::failure::Failure;
use crate::job::{Forwarding, Served, Target};
use rjk_balance::{Afterwards, UnknownWorker};
use rjk_config::model::AjpSpec;
use rjk_log::Log;
use std::sync::Arc;

/// An ajp13 worker that requests reach directly.
pub struct Standalone {
    /// How it is reached.
    pub endpoint: Endpoint,
}

impl Standalone {
    pub(crate) fn new(
        spec: &AjpSpec,
        setup: &Setup<'_>,
        log: &dyn Log,
    ) -> Result<Standalone, UnknownWorker> {
        let worker = Arc::new(setup.worker(spec)?);
        Ok(Standalone {
            endpoint: setup.endpoint(worker, log),
        })
    }

    pub(crate) fn serve(&self, job: &mut Forwarding<'_>, log: &dyn Log) -> Result<Served, Failure> {
        let mut contact = self.endpoint.contact();
        if let Some(bytes) = contact.eager_body(job) {
            job.read_ahead(bytes);
            contact = self.endpoint.contact();
        }
        self.call(&contact, job, log)
    }

    fn call(
        &self,
        contact: &Contact,
        job: &mut Forwarding<'_>,
        log: &dyn Log,
    ) -> Result<Served, Failure> {
        let mut checkout = self
            .endpoint
            .pool()
            .checkout()
            .ok_or_else(|| no_place(&self.endpoint))?;
        let worker = self.endpoint.worker();
        let (slot, in_flight) = (worker.slot(), worker.slots().enter_ajp(worker.column()));
        let target = Target {
            route: job.request.overrides.route,
            activation: b"ACT",
            cookie: None,
        };
        let result = match over_limit(contact.spec(), in_flight.count()) {
            Some(failure) => Err(failure),
            None => {
                slot.admitted(in_flight.count());
                contact.call(&mut checkout, job, target, log)
            }
        };
        job.count_afterwards(|| Afterwards::of_worker(slot));
        slot.record(outcome(&result, job.timeouts), job.traffic, now());
        count_made_good(&result, slot, job.timeouts);
        result
    }
}
