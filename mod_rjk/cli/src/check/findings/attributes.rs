//! Properties that nothing reads, or that another one switches off.

use super::{Found, Severity, place_of};
use crate::manners::listed;
use bstr::{BStr, BString, ByteSlice};
use rjk_config::model::{LbSpec, WorkerSpec};
use rjk_config::workers::Workers;
use std::collections::BTreeSet;

/// What any worker may have.
const ALL: [&str; 3] = ["type", "reference", "mount"];
/// What a balancer reads.
const LB: [&str; 18] = [
    "balance_workers",
    "balanced_workers",
    "sticky_session",
    "sticky_session_force",
    "method",
    "lock",
    "retries",
    "lb_retries",
    "retry_interval",
    "recover_time",
    "error_escalation_time",
    "max_reply_timeouts",
    "session_cookie",
    "session_path",
    "set_session_cookie",
    "session_cookie_path",
    "secret",
    "secretkey",
];
/// What a status worker reads.
const STATUS: [&str; 11] = [
    "css",
    "read_only",
    "user",
    "user_case_insensitive",
    "good",
    "bad",
    "prefix",
    "ns",
    "xmlns",
    "doctype",
    "mount",
];
/// What only a member of a balancer has a use for.
const MEMBER: [&str; 6] = [
    "lbfactor",
    "distance",
    "route",
    "domain",
    "redirect",
    "activation",
];

pub(super) fn find(workers: &Workers, found: &mut Found<'_>) {
    let balanced = balanced(workers);
    for worker in &workers.list {
        of_type(worker, workers, &balanced, found);
        if let WorkerSpec::Lb(lb) = worker {
            for member in &lb.members {
                of_ajp(member.ajp.name.as_bstr(), true, workers, found);
            }
            switched_off(lb, workers, found);
        }
    }
}

fn balanced(workers: &Workers) -> BTreeSet<&BStr> {
    let members = workers.list.iter().flat_map(|worker| match worker {
        WorkerSpec::Lb(lb) => lb.members.as_slice(),
        _ => &[],
    });
    members.map(|member| member.ajp.name.as_bstr()).collect()
}

fn of_type(
    worker: &WorkerSpec,
    workers: &Workers,
    balanced: &BTreeSet<&BStr>,
    found: &mut Found<'_>,
) {
    let name = worker.name().as_bstr();
    let reads: &[&str] = match worker {
        WorkerSpec::Lb(_) => &LB,
        WorkerSpec::Status(_) => &STATUS,
        WorkerSpec::Ajp(_) => return of_ajp(name, balanced.contains(name), workers, found),
        WorkerSpec::Legacy(_) => return,
    };
    let unread: Vec<BString> = own(name, workers)
        .into_iter()
        .filter(|attribute| !reads.iter().chain(&ALL).any(|known| attribute == known))
        .filter(|attribute| rjk_config::properties::is_attribute(attribute))
        .collect();
    let (what, remedy) = match worker {
        WorkerSpec::Lb(_) => ("of type lb", "write that for its members"),
        _ => ("of type status", REMOVE),
    };
    let unread = Unread {
        name,
        what,
        remedy,
        attributes: unread,
    };
    unread.tell(Severity::Warning, workers, found);
}

/// A worker that is no member has no use for a member's properties; none has for those of balancers.
fn of_ajp(name: &BStr, is_member: bool, workers: &Workers, found: &mut Found<'_>) {
    let shared = ["retries", "retry_interval", "secret", "mount", "secretkey"];
    let is_of = |list: &[&str], attribute: &BString| {
        list.iter().any(|known| attribute == known)
            && !shared.iter().any(|known| attribute == known)
    };
    let all = own(name, workers);
    let wrong: Vec<BString> = all
        .iter()
        .filter(|attribute| is_of(&LB, attribute) || is_of(&STATUS, attribute))
        .cloned()
        .collect();
    let wrong = Unread {
        name,
        what: "of type ajp13",
        remedy: REMOVE,
        attributes: wrong,
    };
    wrong.tell(Severity::Warning, workers, found);
    if !is_member {
        let idle = all.into_iter().filter(|one| is_of(&MEMBER, one)).collect();
        let what = "no member of a balancer";
        let idle = Unread {
            name,
            what,
            remedy: REMOVE,
            attributes: idle,
        };
        idle.tell(Severity::Hint, workers, found);
    }
}

/// The attributes that are written for this very worker: a template may serve workers of all types.
fn own(name: &BStr, workers: &Workers) -> Vec<BString> {
    let prefix = BString::from([b"worker.", name.as_bytes(), b"."].concat());
    let inherited = inherited(name, workers);
    workers
        .properties()
        .filter_map(|property| property.name.strip_prefix(prefix.as_slice()))
        .filter(|attribute| !attribute.contains(&b'.'))
        .filter(|attribute| !inherited.contains(attribute.as_bstr()))
        .map(BString::from)
        .collect()
}

/// Attributes whose line is that of a template.
fn inherited(name: &BStr, workers: &Workers) -> BTreeSet<BString> {
    let value = |of: &[u8]| {
        let reference = [of, b".reference"].concat();
        let mut all = workers.properties();
        all.find(|property| property.name == reference.as_slice())
            .and_then(|property| property.value.map(BString::from))
    };
    let own = [b"worker.", name.as_bytes()].concat();
    let Some(template) = value(&own) else {
        return BTreeSet::new();
    };
    let prefix = [template.as_slice(), b"."].concat();
    workers
        .properties()
        .filter_map(|property| property.name.strip_prefix(prefix.as_slice()))
        .filter(|attribute| {
            let of = |prefix: &[u8]| workers.location([prefix, b".", *attribute].concat());
            of(&own) == of(&template)
        })
        .map(BString::from)
        .collect()
}

const REMOVE: &str = "remove that";

/// Attributes of a worker that nothing reads.
struct Unread<'a> {
    name: &'a BStr,
    what: &'static str,
    remedy: &'static str,
    attributes: Vec<BString>,
}

impl Unread<'_> {
    fn tell(&self, severity: Severity, workers: &Workers, found: &mut Found<'_>) {
        let Some(first) = self.attributes.first() else {
            return;
        };
        let Unread {
            name, what, remedy, ..
        } = self;
        let verb = if self.attributes.len() == 1 {
            "has"
        } else {
            "have"
        };
        let shown = listed(&self.attributes);
        let message = format!("{shown} of {name} {verb} no effect: it is {what}; {remedy}");
        let place = place_of(workers, name, &first.to_str_lossy());
        found.add(place, severity, "no-effect", message);
    }
}

/// What another property of the balancer switches off.
fn switched_off(lb: &LbSpec, workers: &Workers, found: &mut Found<'_>) {
    let name = lb.name.as_bstr();
    if lb.sticky_session_force && !lb.sticky_session {
        let message = "sticky_session_force has no effect without sticky_session; set sticky_session=true or remove it";
        let place = place_of(workers, name, "sticky_session_force");
        found.add(place, Severity::Warning, "no-effect", message);
    }
    let path = place_of(workers, name, "session_cookie_path");
    let servers = found.site.servers.iter();
    let by_rule = servers
        .flat_map(super::super::site::Server::own_rules)
        .any(|rule| rule.extensions.set_session_cookie);
    if path.is_some() && !lb.set_session_cookie && !by_rule {
        let message = "session_cookie_path has no effect without set_session_cookie; set set_session_cookie=true or remove it";
        found.add(path, Severity::Hint, "no-effect", message);
    }
}
