//! Which member a balancer would choose, asked of the very balancer.

use rjk_balance::{
    Balancer, Layout, Missing, Moment, Pick, RoutingInput, SampleRequest, Segment, Selection,
    SessionRoutes, Slots, Topology,
};
use rjk_config::model::{LbSpec, RuleExtensions, WorkerSpec};
use rjk_log::NoLog;
use std::collections::HashMap;
use std::sync::Arc;

/// What a balancer makes of a session.
#[derive(Debug)]
pub struct Chosen {
    /// The session ids.
    pub ids: Vec<String>,
    /// The routes in them, as they are tried.
    pub routes: Vec<String>,
    /// The member, and whether the session is on it.
    pub member: Result<(usize, bool), Missing>,
}

/// Asks a balancer that has served nothing yet. `None` when it cannot be made.
pub fn choose(
    lb: &LbSpec,
    rule: &RuleExtensions,
    path: &[u8],
    cookies: &[String],
) -> Option<Chosen> {
    let topology = Topology::new(&[WorkerSpec::Lb(lb.clone())]);
    let segment = Segment::leaked(&Layout::new(&topology, 1));
    let slots = Slots { segment, row: None };
    let spec = Arc::new(lb.clone());
    let balancer = Balancer::new(spec, &topology, slots, &HashMap::new(), None).ok()?;
    let roster = balancer.roster();
    let cookies = cookies.iter().map(String::as_bytes);
    let routes = match rule.sticky_ignore {
        true => SessionRoutes::default(),
        false => roster.session_routes(rule, None, path, cookies),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ids = routes.ids().iter().map(|id| text(id)).collect();
    let tried = routes.routes().map(text).collect();
    let overrides = roster.overrides(rule);
    let input = RoutingInput {
        routes,
        jk_route: None,
        stateless: rule.stateless,
        overrides: &overrides,
        // No policy is asked, so nobody looks at it.
        request: SampleRequest::plain(),
    };
    let now = Moment::from_millis(0);
    let mut selection = Selection::begin(&balancer, roster, &input, &|_| true, now, &NoLog);
    let member = match selection.pick(now) {
        Pick::Member(choice) => Ok((choice.index, choice.sticky)),
        Pick::NoMember(missing) => Err(missing),
        Pick::Reject(_) => Err(Missing::Unusable),
    };
    Some(Chosen {
        ids,
        routes: tried,
        member,
    })
}
