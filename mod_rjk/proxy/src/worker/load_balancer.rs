//! A balancer of this child: the choice of a member, and the connections to all of them.

use super::endpoint::Endpoint;
use super::failover::Failover;
use super::setup::Setup;
use crate::clock::now;
use crate::exchange::protocol;
use crate::job::Forwarding;
use crate::job::report::Report;
use crate::job::request::UpstreamRequest;
use rjk_balance::{
    AjpWorker, Balancer, Roster, RoutingInput, Selection, SessionRoutes, UnknownWorker,
};
use rjk_config::model::{Activation, LbSpec, MemberSpec};
use rjk_http1::request::asks_for_websocket;
use rjk_log::Log;
use std::sync::Arc;

/// A balancer and the connections to its members.
pub struct LoadBalancer {
    /// The choice.
    pub balancer: Balancer,
    /// How its members are reached, in configuration order.
    pub endpoints: Vec<Endpoint>,
    /// Some members have WebSocket, and others have not.
    is_mixed: bool,
}

impl LoadBalancer {
    pub(crate) fn new(
        spec: &LbSpec,
        setup: &Setup<'_>,
        log: &dyn Log,
    ) -> Result<LoadBalancer, UnknownWorker> {
        let balancer = Balancer::new(
            Arc::new(reachable(spec, setup)),
            setup.topology,
            setup.slots,
            setup.addresses,
            setup.policies.get(&spec.name).cloned(),
        )?;
        let watch = setup.watches.get(&spec.name).cloned();
        let balancer = balancer.watched(watch.unwrap_or_default());
        let endpoint = |worker: &Arc<AjpWorker>| setup.endpoint(worker.clone(), log);
        let endpoints = balancer.workers().iter().map(endpoint).collect();
        let mut with = spec.members.iter().map(has_websocket);
        let is_mixed = with.clone().any(|has| has) && !with.all(|has| has);
        Ok(LoadBalancer {
            balancer,
            endpoints,
            is_mixed,
        })
    }

    /// Serves a request; what is to be told of it goes into `report`.
    pub(crate) fn serve<'a>(
        &'a self,
        job: &mut Forwarding<'_>,
        report: &mut Report<'a>,
        log: &dyn Log,
    ) {
        let request = job.request;
        let mut roster = self.balancer.roster();
        if let Some(bytes) = eager_body(&roster, job) {
            job.read_ahead(bytes);
            roster = self.balancer.roster();
        }
        let only_websocket = self.is_mixed && asks_for_websocket(&request.forward);
        let overrides = match only_websocket {
            false => roster.overrides(request.rule),
            true => roster.overrides_sparing(request.rule, |member| !has_websocket(member)),
        };
        let input = RoutingInput {
            routes: session_routes(&roster, request),
            jk_route: request.overrides.route,
            stateless: request.is_stateless(),
            overrides: &overrides,
            request: request.view,
        };
        let has_room = |index: usize| self.endpoints[index].pool().has_room();
        let begun = now();
        let mut selection = Selection::begin(&self.balancer, roster, &input, &has_room, begun, log);
        let mut failover = Failover {
            balancer: &self.balancer,
            endpoints: &self.endpoints,
            selection: &mut selection,
            job,
            log,
            only_websocket,
            report,
        };
        failover.report.result = failover.run(begun);
    }
}

fn has_websocket(member: &MemberSpec) -> bool {
    member.ajp.way.websocket().is_some()
}

/// What the member with the largest packets would take of a body with the head: so much is read before
/// the choice.
fn eager_body(roster: &Roster, job: &Forwarding<'_>) -> Option<usize> {
    let largest = roster.spec().members.get(roster.largest())?;
    protocol::eager_body(job, &largest.ajp)
}

fn session_routes<'a>(roster: &Roster, request: &'a UpstreamRequest<'_>) -> SessionRoutes<'a> {
    if request.ignores_session() {
        return SessionRoutes::default();
    }
    let headers = request.forward.headers.iter();
    let cookies = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"Cookie"))
        .map(|(_, value)| *value);
    let path = request.forward.uri;
    roster.session_routes(request.rule, request.overrides.route, path, cookies)
}

/// A member whose host does not resolve takes no requests.
fn reachable(spec: &LbSpec, setup: &Setup<'_>) -> LbSpec {
    let mut spec = spec.clone();
    for member in &mut spec.members {
        let way = &member.ajp.way;
        // A name that is looked up again may be known later.
        let may_come = way.socket.is_some() || way.resolve.is_some();
        if !may_come && !setup.addresses.contains_key(&member.ajp.name) {
            member.activation = Activation::Stopped;
        }
    }
    spec
}
