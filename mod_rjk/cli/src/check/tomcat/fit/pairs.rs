//! Which workers a connector is for.

use crate::check::findings::ajp_workers;
use crate::check::tomcat::server_xml::{Connector, Spoken, Tomcat, Value};
use bstr::BString;
use rjk_config::model::{AjpSpec, WorkerSpec};
use rjk_config::workers::Workers;

/// A worker, and its route if it is a member.
pub(super) type Routed<'w> = (&'w AjpSpec, Option<&'w BString>);

/// What a worker speaks.
pub(super) fn spoken(worker: &AjpSpec) -> Spoken {
    match worker.way.http() {
        Some(_) => Spoken::Http,
        None => Spoken::Ajp,
    }
}

/// All workers with their routes.
pub(super) fn routed(workers: &Workers) -> Vec<Routed<'_>> {
    let route_of = |name: &BString| {
        workers.list.iter().find_map(|worker| match worker {
            WorkerSpec::Lb(lb) => {
                let mut members = lb.members.iter();
                let member = members.find(|member| member.ajp.name == *name)?;
                Some(&member.route)
            }
            _ => None,
        })
    };
    let all = ajp_workers(workers).into_iter();
    all.map(|ajp| (ajp, route_of(&ajp.name))).collect()
}

/// The workers that may be for a connector: those that speak what it speaks, where it listens.
pub(super) fn of<'w>(
    tomcat: &Tomcat,
    connector: &Connector,
    workers: &'w Workers,
) -> Vec<Routed<'w>> {
    all_at(tomcat, connector, workers, |worker| {
        spoken(worker) == connector.speaks && leads_to(worker, connector)
    })
}

/// The workers that come where a connector listens, and speak something else than it does.
pub(super) fn strangers<'w>(
    tomcat: &Tomcat,
    connector: &Connector,
    workers: &'w Workers,
) -> Vec<Routed<'w>> {
    let all = all_at(tomcat, connector, workers, |worker| {
        spoken(worker) != connector.speaks && leads_to(worker, connector)
    });
    let is_near = |(worker, _): &Routed<'_>| match connector.address.set() {
        Some(address) => {
            is_at(worker, address) || !is_address(address) || !is_address(worker.host.as_slice())
        }
        None => true,
    };
    all.into_iter().filter(is_near).collect()
}

/// The workers that `is_for` takes: of several those of the connector's address, else the one of its route; none
/// that has another Tomcat.
pub(super) fn all_at<'w>(
    tomcat: &Tomcat,
    connector: &Connector,
    workers: &'w Workers,
    is_for: impl Fn(&AjpSpec) -> bool,
) -> Vec<Routed<'w>> {
    let (all, owner) = (routed(workers), owner(tomcat, workers));
    // What has the route of another worker, on another host or in another protocol, is that one's Tomcat.
    let is_of_another = |(worker, _): &Routed<'_>| {
        owner.is_some_and(|owner| owner.host != worker.host || spoken(owner) != spoken(worker))
    };
    let mut found = all;
    found.retain(|one| is_for(one.0) && !is_of_another(one));
    let address = connector.address.set();
    let at_address = |(worker, _): &Routed<'_>| address.is_some_and(|own| is_at(worker, own));
    let of_route = |(_, route): &Routed<'_>| {
        let own = tomcat.route.set();
        own.is_some_and(|own| is_route(*route, own))
    };
    for is_it in [&at_address as &dyn Fn(&Routed<'_>) -> bool, &of_route] {
        if found.len() > 1 && found.iter().any(is_it) {
            found.retain(is_it);
        }
    }
    found
}

/// The worker whose route a Tomcat has.
pub(super) fn owner<'w>(tomcat: &Tomcat, workers: &'w Workers) -> Option<&'w AjpSpec> {
    let own = tomcat.route.set()?;
    let mut all = routed(workers).into_iter();
    let owner = all.find(|(_, route)| is_route(*route, own));
    owner.map(|(worker, _)| worker)
}

/// Whether a worker comes where a connector listens, as far as port or socket say it.
pub(super) fn leads_to(worker: &AjpSpec, connector: &Connector) -> bool {
    match (&worker.way.socket, &connector.socket) {
        (Some(own), Value::Set(theirs)) => own.as_os_str() == theirs.as_str(),
        (None, Value::Absent) => worker.port != 0 && connector.port.set() == Some(&worker.port),
        _ => false,
    }
}

fn is_route(route: Option<&BString>, own: &str) -> bool {
    route.is_some_and(|route| *route == own)
}

fn is_at(worker: &AjpSpec, address: &str) -> bool {
    worker.host == address
}

fn is_address(text: impl AsRef<[u8]>) -> bool {
    std::str::from_utf8(text.as_ref()).is_ok_and(|text| text.parse::<std::net::IpAddr>().is_ok())
}
