//! What a child needs to build its workers.

use super::endpoint::Endpoint;
use crate::way::connector::Counter;
use bstr::BString;
use rjk_balance::{RoutingPolicy, Slots, Topology, UnknownWorker};
use rjk_config::model::AjpSpec;
use rjk_config::workers::Workers;
use rjk_log::Log;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Routing policies by the name of their balancer.
pub type Policies = HashMap<BString, Arc<dyn RoutingPolicy>>;

/// What a child needs to build its workers.
pub struct Setup<'a> {
    /// The configured workers.
    pub workers: &'a Workers,
    /// Where each ajp worker listens; resolved once by the parent.
    pub addresses: &'a HashMap<BString, Vec<SocketAddr>>,
    /// The slots of the shared memory.
    pub topology: &'a Topology,
    /// This child's way to them.
    pub slots: Slots,
    /// The routing policy of each balancer that has one.
    pub policies: &'a Policies,
    /// Threads per child, the default pool size.
    pub threads: usize,
}

impl Setup<'_> {
    /// The endpoint of a worker.
    pub(super) fn endpoint(
        &self,
        spec: &AjpSpec,
        log: &dyn Log,
    ) -> Result<Endpoint, UnknownWorker> {
        let column = self.topology.ajp_column(&spec.name);
        let counter = Counter {
            slots: self.slots,
            column: column.ok_or_else(|| UnknownWorker(spec.name.clone()))?,
        };
        let addresses = self.addresses.get(&spec.name);
        let addresses = addresses.map_or(&[][..], Vec::as_slice);
        Ok(Endpoint::new(spec, addresses, self.threads, counter, log))
    }
}
