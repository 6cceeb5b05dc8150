//! Workers that are described and take no requests.

use super::{Found, Severity, ajp_workers, place_of_worker};
use bstr::{BStr, BString, ByteSlice};
use rjk_config::advice::nearest;
use rjk_config::model::WorkerSpec;
use rjk_config::workers::Workers;
use std::collections::BTreeSet;

pub(super) fn find(workers: &Workers, found: &mut Found<'_>) {
    let used: BTreeSet<&BStr> = ajp_workers(workers)
        .into_iter()
        .map(|ajp| ajp.name.as_bstr())
        .chain(workers.list.iter().map(|worker| worker.name().as_bstr()))
        .collect();
    let templates = templates(workers);
    let described = described(workers);
    for name in &described {
        let is_used = used.contains(name.as_bstr())
            || templates.contains([b"worker.", name.as_slice()].concat().as_bstr());
        if is_used {
            continue;
        }
        let message = format!(
            "worker {name} is used nowhere: neither worker.list nor a balancer names it; {}",
            remedy(name, &used, &described)
        );
        let place = place_of_worker(workers, name.as_bstr());
        found.add(place, Severity::Hint, "unused-worker", message);
    }
    if !found.site.conf.lines.is_empty() {
        listed_but_not_mounted(workers, found);
    }
}

/// A name that is nearly one that is used, and that nobody describes, was meant to be that one.
fn remedy(name: &BString, used: &BTreeSet<&BStr>, described: &BTreeSet<BString>) -> String {
    let missing = used.iter().filter(|name| !described.contains(**name));
    let is_plain = |name: &&str| {
        name.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
    };
    let missing = missing
        .filter_map(|name| name.to_str().ok())
        .filter(is_plain);
    match nearest(&name.to_str_lossy(), missing) {
        Some(meant) => format!("write {meant} in its lines"),
        None => "take it away, or name it there".to_owned(),
    }
}

/// What `reference` names.
fn templates(workers: &Workers) -> BTreeSet<BString> {
    workers
        .properties()
        .filter(|property| property.name.ends_with(b".reference"))
        .filter_map(|property| property.value.map(BString::from))
        .collect()
}

/// The names that have a property.
fn described(workers: &Workers) -> BTreeSet<BString> {
    let of = |name: &BStr| {
        let rest = name.strip_prefix(b"worker.")?;
        let (worker, _) = rest.rsplit_once_str(".")?;
        (!worker.is_empty()).then(|| BString::from(worker))
    };
    workers
        .properties()
        .filter_map(|property| of(property.name))
        .collect()
}

/// A listed worker without a mount serves only what a variable or a handler sends to it.
fn listed_but_not_mounted(workers: &Workers, found: &mut Found<'_>) {
    let servers = &found.site.servers;
    let is_complete = servers.iter().all(|server| server.config.is_some());
    let rules: Vec<_> = servers
        .iter()
        .flat_map(super::super::site::Server::own_rules)
        .collect();
    if !is_complete || sets_worker(found) {
        return;
    }
    let unmounted: Vec<&WorkerSpec> = workers
        .list
        .iter()
        .filter(|worker| rules.iter().all(|rule| rule.worker != *worker.name()))
        .collect();
    // Where nothing is mounted at all, the mounts are somewhere else.
    if unmounted.len() == workers.list.len() {
        return;
    }
    for worker in unmounted {
        let name = worker.name();
        let message = format!(
            "worker {name} is listed and no rule mounts it; mount it, or take it out of worker.list"
        );
        let place = workers.location("worker.list");
        found.add(place, Severity::Hint, "unmounted-worker", message);
    }
}

/// Whether something else than a mount chooses workers.
fn sets_worker(found: &Found<'_>) -> bool {
    found.site.conf.lines.iter().any(|line| {
        let is_handler = line.is("SetHandler") || line.is("AddHandler");
        let sets = line.arguments.contains_str("JK_WORKER_NAME");
        let names_it = line.is("JkWorkerIndicator");
        sets || names_it || (is_handler && line.arguments.contains_str("jakarta-servlet"))
    })
}
