//! The route in session ids, and what the balancer takes it for.

use super::pairs::Routed;
use crate::check::finding::Severity;
use crate::check::findings::Found;
use crate::check::tomcat::Tomcat;
use crate::check::tomcat::server_xml::Value;
use crate::manners::listed;
use bstr::{BString, ByteSlice};
use rjk_config::advice::nearest;
use rjk_config::model::WorkerSpec;
use rjk_config::workers::Workers;

/// The jvmRoute is what session ids end with: a member whose route is another one never sees its sessions again.
pub(super) fn find(
    tomcat: &Tomcat,
    pairs: &[Routed<'_>],
    workers: &Workers,
    found: &mut Found<'_>,
) {
    let routes: Vec<&BString> = pairs.iter().filter_map(|(_, route)| *route).collect();
    let Some(engine) = tomcat.engine.as_ref().filter(|_| !routes.is_empty()) else {
        return;
    };
    let message = match &tomcat.route {
        Value::Unknown => return,
        Value::Absent if !sticks(workers) => return,
        Value::Absent => none(&routes),
        Value::Set(route) if routes.iter().any(|known| **known == *route) => return,
        Value::Set(route) => another(route, &routes),
    };
    found.add(Some(engine), Severity::Warning, "jvm-route", message);
}

/// Whether sessions are to stay with one of several members.
fn sticks(workers: &Workers) -> bool {
    workers.list.iter().any(
        |worker| matches!(worker, WorkerSpec::Lb(lb) if lb.sticky_session && lb.members.len() > 1),
    )
}

fn none(routes: &[&BString]) -> String {
    let remedy = match routes {
        [only] => format!("set jvmRoute=\"{only}\""),
        _ => "set jvmRoute to the route of its member".to_owned(),
    };
    format!("the Engine has no jvmRoute, so no session sticks to it; {remedy}")
}

fn another(route: &str, routes: &[&BString]) -> String {
    let known = routes.iter().filter_map(|known| known.to_str().ok());
    let meant = match routes {
        [only] => only.to_str().ok(),
        _ => nearest(route, known),
    };
    let remedy = match meant {
        Some(meant) => format!("write jvmRoute=\"{meant}\", or set route={route} for the member"),
        None => format!("set route={route} for its member"),
    };
    format!(
        "jvmRoute is {route}, and the route of the worker is {}: no session sticks; {remedy}",
        listed(routes)
    )
}
