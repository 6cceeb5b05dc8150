//! A balancer over a segment on the heap, and short ways to drive it.

use crate::*;
use rjk_config::model::*;
use rjk_log::NoLog;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub const T0: Moment = Moment::from_millis(1_000_000_000);

/// That many milliseconds after [`T0`].
pub fn later(millis: u64) -> Moment {
    T0 + Duration::from_millis(millis)
}

pub fn ajp(name: &str) -> AjpSpec {
    AjpSpec {
        name: name.into(),
        host: "localhost".into(),
        port: 8009,
        prefer_ipv6: false,
        source: None,
        socket_timeout: None,
        socket_connect_timeout: None,
        socket_keepalive: false,
        socket_buffer: None,
        ping: PingSpec::default(),
        pool: PoolSpec {
            size: None,
            min_size: None,
            timeout: None,
            acquire_timeout: Duration::from_millis(200),
        },
        reply_timeout: None,
        retries: 2,
        retry_interval: Duration::from_millis(100),
        recovery_options: RecoveryOptions::default(),
        fail_on_status: Vec::new(),
        busy_limit: None,
        max_packet_size: 8192,
        secret: None,
        way: Way::default(),
    }
}

pub fn member(name: &str) -> MemberSpec {
    MemberSpec {
        ajp: ajp(name),
        lbfactor: 1,
        distance: 0,
        route: name.into(),
        domain: None,
        redirect: None,
        activation: Activation::Active,
    }
}

pub fn lb(members: Vec<MemberSpec>) -> LbSpec {
    LbSpec {
        name: "lb".into(),
        members,
        sticky_session: true,
        sticky_session_force: false,
        method: BalanceMethod::Request,
        lock: Lock::Optimistic,
        retries: 2,
        lb_retries: 2,
        retry_interval: Duration::from_millis(100),
        recover_time: Duration::from_secs(60),
        error_escalation_time: Duration::from_secs(30),
        max_reply_timeouts: 0,
        session_cookie: "JSESSIONID".into(),
        session_path: ";jsessionid".into(),
        set_session_cookie: false,
        session_cookie_path: "/".into(),
    }
}

/// Members m1…mn, changed by `change`.
pub fn plain(count: usize, change: impl FnOnce(&mut LbSpec)) -> Balancer {
    let mut spec = lb((1..=count).map(|n| member(&format!("m{n}"))).collect());
    change(&mut spec);
    bind(spec, None)
}

pub fn bind(spec: LbSpec, policy: Option<Arc<dyn RoutingPolicy>>) -> Balancer {
    let topology = Topology::new(&[WorkerSpec::Lb(spec.clone())]);
    let segment = Segment::leaked(&Layout::new(&topology, 4));
    let row = segment.ledger().claim_row(100, &|_| true);
    assert!(row.is_some());
    Balancer::new(
        Arc::new(spec),
        &topology,
        Slots { segment, row },
        &HashMap::new(),
        policy,
    )
    .unwrap()
}

/// A request: its Cookie header, and what a rule or the environment adds.
#[derive(Default)]
pub struct Ask<'a> {
    pub cookie: &'a str,
    pub path: &'a str,
    pub jk_route: Option<&'a str>,
    pub rule: RuleExtensions,
}

pub fn cookie(cookie: &str) -> Ask<'_> {
    Ask {
        cookie,
        ..Ask::default()
    }
}

/// Runs `body` on the selection of one request.
pub fn with<R>(
    balancer: &Balancer,
    ask: &Ask<'_>,
    now: Moment,
    body: impl for<'a> FnOnce(&mut Selection<'a>) -> R,
) -> R {
    let jk_route = ask.jk_route.map(str::as_bytes);
    let cookies = (!ask.cookie.is_empty()).then_some(ask.cookie.as_bytes());
    let roster = balancer.roster();
    let overrides = roster.overrides(&ask.rule);
    // As the caller does: whether the session is ignored is not the balancer's to say.
    let routes = match ask.rule.sticky_ignore {
        true => SessionRoutes::default(),
        false => roster.session_routes(&ask.rule, jk_route, ask.path.as_bytes(), cookies),
    };
    let input = RoutingInput {
        routes,
        jk_route,
        stateless: ask.rule.stateless,
        overrides: &overrides,
        request: SampleRequest::plain(),
    };
    body(&mut Selection::begin(
        balancer,
        roster,
        &input,
        &|_| true,
        now,
        &NoLog,
    ))
}

/// What one choice gives, as (member, sticky, route).
pub fn pick(balancer: &Balancer, ask: &Ask<'_>) -> Result<(usize, bool, String), Missing> {
    with(balancer, ask, T0, |selection| match selection.pick(T0) {
        Pick::Member(choice) => {
            let route = String::from_utf8(selection.route(&choice).to_vec()).unwrap();
            Ok((choice.index, choice.sticky, route))
        }
        Pick::NoMember(why) => Err(why),
        Pick::Reject(refusal) => panic!("rejected: {refusal:?}"),
    })
}

/// One request with one attempt that ends like this; returns the member.
pub fn serve(balancer: &Balancer, ask: &Ask<'_>, outcome: Outcome, now: Moment) -> usize {
    with(balancer, ask, now, |selection| {
        let Pick::Member(choice) = selection.pick(now) else {
            panic!("no member")
        };
        let lease = Lease::begin(selection, &choice);
        if outcome != Outcome::BusyLimit {
            lease.admitted();
        }
        let duration = Duration::from_millis(8);
        let local = lease.finish(outcome, Traffic { read: 10, sent: 5 }, duration, now);
        selection.settle(choice.index, local);
        choice.index
    })
}

pub fn state(balancer: &Balancer, index: usize) -> State {
    balancer.member_slot(index).unwrap().state()
}

pub fn set(balancer: &Balancer, index: usize, state: State) {
    balancer.member_slot(index).unwrap().set_state(state, T0);
}

/// Ends an attempt at [`T0`] and hands the local state on, as the caller of a balancer does.
pub fn end<'a>(
    lease: Lease<'a>,
    outcome: Outcome,
    traffic: Traffic,
    selection: &mut Selection<'a>,
) {
    let index = lease.index();
    let local = lease.finish(outcome, traffic, Duration::ZERO, T0);
    selection.settle(index, local);
}
