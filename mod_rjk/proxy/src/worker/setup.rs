//! What a child needs to build its workers.

use super::endpoint::Endpoint;
use crate::way::tls::TlsContext;
use bstr::BString;
use rjk_balance::{AjpWorker, RoutingPolicy, Slots, Topology, UnknownWorker, Watch};
use rjk_config::model::AjpSpec;
use rjk_config::workers::Workers;
use rjk_log::Log;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Routing policies by the name of their balancer.
pub type Policies = HashMap<BString, Arc<dyn RoutingPolicy>>;

/// What is kept of decisions, by the name of the balancer.
pub type Watches = HashMap<BString, Watch>;

/// What TLS is set up with, by the name of the worker.
pub type TlsContexts = HashMap<BString, TlsContext>;

/// What a child needs to build its workers.
pub struct Setup<'a> {
    /// The configured workers.
    pub workers: &'a Workers,
    /// Where each ajp worker listens; resolved once by the parent.
    pub addresses: &'a HashMap<BString, Vec<SocketAddr>>,
    /// What TLS is set up with, of each worker that is spoken to in it.
    pub tls: &'a TlsContexts,
    /// The slots of the shared memory.
    pub topology: &'a Topology,
    /// This child's way to them.
    pub slots: Slots,
    /// The routing policy of each balancer that has one.
    pub policies: &'a Policies,
    /// What is kept of the decisions of each balancer of which something is.
    pub watches: &'a Watches,
    /// Threads per child, the default pool size.
    pub threads: usize,
}

impl Setup<'_> {
    /// A worker by itself.
    pub(super) fn worker(&self, spec: &AjpSpec) -> Result<AjpWorker, UnknownWorker> {
        let addresses = self.addresses.get(&spec.name);
        let addresses = addresses.map_or(&[][..], Vec::as_slice);
        AjpWorker::new(spec, addresses, self.topology, self.slots)
    }

    /// The way to a worker.
    pub(super) fn endpoint(&self, worker: Arc<AjpWorker>, log: &dyn Log) -> Endpoint {
        let tls = self.tls.get(worker.name());
        Endpoint::new(worker, tls, self.threads, log)
    }
}
