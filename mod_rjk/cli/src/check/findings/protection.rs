//! What guards a worker: its secret, its time limits, and what it may send twice.

use super::{Found, Severity, ajp_workers, place_of, place_of_worker};
use crate::check::site::{Server, Site};
use crate::manners::listed;
use bstr::{BStr, BString, ByteSlice};
use rjk_config::error::Code;
use rjk_config::model::{AjpSpec, WorkerSpec};
use rjk_config::uri_map::RuleKind;
use rjk_config::workers::Workers;
use std::collections::HashSet;

pub(super) fn find(workers: &Workers, found: &mut Found<'_>) {
    let all: Vec<&AjpSpec> = ajp_workers(workers)
        .into_iter()
        // Nobody is asked at port 0.
        .filter(|ajp| ajp.port != 0)
        .collect();
    without_secret(&all, workers, found);
    without_limits(&all, workers, found);
    socket_timeout_alone(&all, workers, found);
    replays(&all, workers, found);
}

/// Only this host reaches it.
pub fn is_loopback(host: &[u8]) -> bool {
    let host = host.to_str_lossy().to_ascii_lowercase();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            host == "localhost"
                || host.starts_with("localhost.")
                || host.ends_with(".localhost")
                || host.starts_with("127.")
                // An address as one number.
                || host.parse().is_ok_and(|number: u32| number >> 24 == 127)
        }
    }
}

fn without_secret(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    // Who reaches a socket is on this host, and a header of HTTP speaks for nobody.
    let is_open = |ajp: &AjpSpec| ajp.way.socket.is_none() && ajp.way.http().is_none();
    let open = |ajp: &&&AjpSpec| ajp.secret.is_none() && is_open(ajp) && !is_loopback(&ajp.host);
    let open: Vec<&AjpSpec> = all.iter().filter(open).copied().collect();
    let Some(first) = open.first() else { return };
    let shown = of(&open);
    let message = format!(
        "no secret for {}, on another host: who reaches that port speaks for any user, and Tomcat's default \
         wants one; set worker.{}.secret as in server.xml",
        shown, first.name
    );
    let place = place_of(workers, first.name.as_bstr(), "host");
    let place = place.or_else(|| place_of_worker(workers, first.name.as_bstr()));
    found.add(place, Severity::Warning, "no-secret", message);
}

/// What bounds the wait for a Tomcat that hangs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    /// Nothing.
    None,
    /// A CPING before each request finds a Tomcat that hangs as a whole, and not an application that does.
    Ping,
    /// An answer may take so long, and each request waits as long for it.
    Reply,
    /// Enough.
    Both,
}

impl Bound {
    fn of(ajp: &AjpSpec, bounded: &HashSet<BString>) -> Bound {
        // It bounds the read of a CPONG as well, as far as there is one.
        if ajp.socket_timeout.is_some() {
            return Bound::Both;
        }
        let is_limited = ajp.reply_timeout.is_some() || bounded.contains(&ajp.name);
        // HTTP has no CPING, and a probe finds less than the limit does.
        let is_pinged = ajp.ping.prepost.is_some() || ajp.way.http().is_some();
        match (is_pinged, is_limited) {
            (false, false) => Bound::None,
            (true, false) => Bound::Ping,
            (false, true) => Bound::Reply,
            (true, true) => Bound::Both,
        }
    }

    /// The code of what is missing, and how it is said of workers, the first of them by its name.
    fn missing(self, all: &str, first: &BStr) -> Option<(Code, String)> {
        Some(match self {
            Bound::None => (
                "no-timeout",
                format!(
                    "nothing bounds the wait for a Tomcat that hangs: no time limit for {all}; set \
                     worker.{first}.ping_mode=CP, and reply_timeout to the milliseconds that an answer may take"
                ),
            ),
            Bound::Ping => (
                "no-reply-timeout",
                format!(
                    "nothing bounds the wait for an answer of {all}: an application that hangs holds its requests, \
                     and threads of httpd, for ever; set worker.{first}.reply_timeout to the milliseconds that an \
                     answer may take"
                ),
            ),
            Bound::Reply => (
                "no-ping",
                format!(
                    "no CPING before the requests to {all}: each waits its whole reply_timeout for a Tomcat that \
                     hangs; set worker.{first}.ping_mode=CP"
                ),
            ),
            Bound::Both => return None,
        })
    }
}

fn without_limits(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    let bounded = bounded_by_rules(workers, found.site);
    for bound in [Bound::None, Bound::Ping, Bound::Reply] {
        let alike = |ajp: &&&AjpSpec| Bound::of(ajp, &bounded) == bound;
        let alike: Vec<&AjpSpec> = all.iter().filter(alike).copied().collect();
        let Some(first) = alike.first() else { continue };
        let name = first.name.as_bstr();
        if let Some((code, message)) = bound.missing(&of(&alike), name) {
            found.add(
                place_of_worker(workers, name),
                Severity::Hint,
                code,
                message,
            );
        }
    }
}

/// Workers to which each rule has a reply_timeout of its own.
fn bounded_by_rules(workers: &Workers, site: &Site) -> HashSet<BString> {
    let rules = site.servers.iter().flat_map(Server::own_rules);
    let rules = rules.filter(|rule| rule.kind == RuleKind::Mount && !rule.disabled);
    let (mut bounded, mut others) = (HashSet::new(), HashSet::new());
    for rule in rules {
        let limit = rule.extensions.reply_timeout;
        let set = match limit.is_some_and(|limit| !limit.is_zero()) {
            true => &mut bounded,
            false => &mut others,
        };
        match workers.get(&rule.worker) {
            Some(WorkerSpec::Ajp(ajp)) => set.extend([ajp.name.clone()]),
            Some(WorkerSpec::Lb(lb)) => {
                set.extend(lb.members.iter().map(|member| member.ajp.name.clone()));
            }
            _ => {}
        }
    }
    bounded.difference(&others).cloned().collect()
}

/// It ends long answers and failed connections alike, and counts as a failure of the worker.
fn socket_timeout_alone(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    let alone = |ajp: &&&AjpSpec| ajp.socket_timeout.is_some() && ajp.reply_timeout.is_none();
    let alone: Vec<&AjpSpec> = all.iter().filter(alone).copied().collect();
    let Some(first) = alone.first() else { return };
    let message = format!(
        "socket_timeout without reply_timeout for {}: an answer that takes longer fails as if the connection \
         were broken; set worker.{}.reply_timeout to the milliseconds that an answer may take",
        of(&alone),
        first.name
    );
    let place = place_of(workers, first.name.as_bstr(), "socket_timeout");
    found.add(place, Severity::Hint, "socket-timeout-alone", message);
}

fn replays(all: &[&AjpSpec], workers: &Workers, found: &mut Found<'_>) {
    let replays = |ajp: &&&AjpSpec| ajp.recovery_options.replay_any_method();
    let replays: Vec<&AjpSpec> = all.iter().filter(replays).copied().collect();
    let Some(first) = replays.first() else { return };
    let message = format!(
        "recovery_options=0 for {}: a POST that Tomcat may have carried out is sent again; \
         set worker.{}.recovery_options=3, or remove the line",
        of(&replays),
        first.name
    );
    let place = place_of(workers, first.name.as_bstr(), "recovery_options");
    found.add(place, Severity::Warning, "replays-post", message);
}

fn of(workers: &[&AjpSpec]) -> String {
    listed(workers.iter().map(|ajp| ajp.name.as_bstr()))
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn loopback_addresses_are_known() {
        for host in [
            "localhost",
            "127.0.0.1",
            "127.1",
            "::1",
            "[::1]",
            "LOCALHOST",
        ] {
            assert!(is_loopback(host.as_bytes()), "{host}");
        }
        for host in ["tomcat", "10.0.0.1", "2001:db8::1", "localhosts", "\u{e4}"] {
            assert!(!is_loopback(host.as_bytes()), "{host}");
        }
    }
}
