//! Pairs workers with connectors, and says what does not fit.

use super::{Connector, Tomcat};
use crate::check::finding::Severity;
use crate::check::findings::{Found, ajp_workers, place_of, place_of_worker};
use crate::manners::listed;
use bstr::{BString, ByteSlice};
use regex::bytes::Regex;
use rjk_config::advice::nearest;
use rjk_config::error::Location;
use rjk_config::model::{AjpSpec, WorkerSpec};
use rjk_config::workers::Workers;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Tomcat's packetSize where nothing says another.
const PACKET: usize = 8192;
/// Request attributes that Tomcat takes from any AJP client.
const KNOWN: [&str; 4] = [
    "AJP_LOCAL_ADDR",
    "AJP_REMOTE_PORT",
    "AJP_SSL_PROTOCOL",
    "JK_LB_ACTIVATION",
];

/// The threads of the connector that a worker is for, where a Tomcat is known that has it.
pub fn threads_behind(ajp: &AjpSpec, workers: &Workers, tomcats: &[Tomcat]) -> Option<u32> {
    tomcats.iter().find_map(|tomcat| {
        let connector = tomcat.connectors.iter().find(|connector| {
            let of = workers_of(tomcat, connector, workers);
            of.iter().any(|(worker, _)| worker.name == ajp.name)
        })?;
        connector.max_threads.or(200)
    })
}

/// All that does not fit.
pub fn find(workers: &Workers, tomcats: &[Tomcat], found: &mut Found<'_>) {
    for tomcat in tomcats {
        let speaks_ajp = ajp_workers(workers)
            .iter()
            .any(|ajp| ajp.way.http().is_none());
        if tomcat.connectors.is_empty() && speaks_ajp {
            let message = "there is no AJP connector; add <Connector protocol=\"AJP/1.3\" with address, port and secret";
            found.add(
                Some(&tomcat.file),
                Severity::Warning,
                "tomcat-no-connector",
                message,
            );
        }
        for connector in &tomcat.connectors {
            of_connector(tomcat, connector, workers, found);
        }
    }
}

fn of_connector(tomcat: &Tomcat, connector: &Connector, workers: &Workers, found: &mut Found<'_>) {
    starts(connector, found);
    attributes(connector, found);
    let pairs = workers_of(tomcat, connector, workers);
    if pairs.is_empty() {
        no_worker(connector, workers, found);
    }
    // Several workers of one connector are several names of one Tomcat, or one name each on several hosts.
    let [(ajp, _)] = pairs.as_slice() else {
        return routes(tomcat, &pairs, workers, found);
    };
    let pair = Pair {
        connector,
        ajp,
        workers,
    };
    pair.secret(found);
    pair.address(found);
    pair.packet_size(found);
    routes(tomcat, &pairs, workers, found);
}

/// A worker, and its route if it is a member.
type Routed<'w> = (&'w AjpSpec, Option<&'w BString>);

fn routed(workers: &Workers) -> Vec<Routed<'_>> {
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
    let all = by_port(workers);
    all.map(|ajp| (ajp, route_of(&ajp.name))).collect()
}

/// The workers that speak AJP to a port.
fn by_port(workers: &Workers) -> impl Iterator<Item = &AjpSpec> {
    let all = ajp_workers(workers).into_iter();
    all.filter(|ajp| ajp.way.http().is_none() && ajp.way.socket.is_none())
}

/// The workers that may be for a connector: those of its port; of several those of its address, else the one of
/// its route.
fn workers_of<'w>(tomcat: &Tomcat, connector: &Connector, workers: &'w Workers) -> Vec<Routed<'w>> {
    let Some(port) = connector.port.set() else {
        return Vec::new();
    };
    let mut found = routed(workers);
    found.retain(|(ajp, _)| ajp.port == *port);
    let address = connector.address.set();
    let at_address = |(ajp, _): &Routed<'_>| address.is_some_and(|address| ajp.host == *address);
    let of_route = |(_, route): &Routed<'_>| {
        let own = tomcat.route.as_ref().map(|(route, _)| route);
        own.is_some() && *route == own.map(|own| BString::from(own.as_str())).as_ref()
    };
    for is_it in [&at_address as &dyn Fn(&Routed<'_>) -> bool, &of_route] {
        if found.len() > 1 && found.iter().any(is_it) {
            found.retain(is_it);
        }
    }
    found
}

fn no_worker(connector: &Connector, workers: &Workers, found: &mut Found<'_>) {
    let Some(port) = connector.port.set() else {
        return;
    };
    let ports: BTreeSet<u16> = by_port(workers).map(|ajp| ajp.port).collect();
    let remedy = match ports.iter().collect::<Vec<_>>().as_slice() {
        [] => "; take it away".to_owned(),
        [only] => format!("; write port={only}, or set the worker's port to {port}"),
        all => format!("; the ports of workers are {}", listed(all)),
    };
    let message =
        format!("the AJP connector listens on port {port}, which no worker names{remedy}");
    found.add(
        Some(&connector.place),
        Severity::Warning,
        "tomcat-port",
        message,
    );
}

/// Tomcat does not start a connector that wants a secret and has none.
fn starts(connector: &Connector, found: &mut Found<'_>) {
    let has_none = connector.secret == super::server_xml::Value::Absent;
    if has_none && connector.secret_required.or(true) == Some(true) {
        let message = "the AJP connector has no secret, and Tomcat (from 8.5.51, 9.0.31 and 10.0 on) does not start it \
                       without secretRequired=\"false\"; set secret here and for the worker";
        found.add(
            Some(&connector.place),
            Severity::Warning,
            "tomcat-secret",
            message,
        );
    }
}

/// `JkEnvVar` sends attributes, and Tomcat answers 403 to one that it does not expect.
fn attributes(connector: &Connector, found: &mut Found<'_>) {
    let pattern = match &connector.attributes {
        super::server_xml::Value::Unknown => return,
        super::server_xml::Value::Absent => None,
        super::server_xml::Value::Set(text) => match Regex::new(&format!("^(?:{text})$")) {
            Ok(pattern) => Some(pattern),
            // Java's expressions have what others have not.
            Err(_) => return,
        },
    };
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for server in &found.site.servers {
        for var in server.config.iter().flat_map(|config| &config.env_vars) {
            let is_allowed = pattern
                .as_ref()
                .is_some_and(|pattern| pattern.is_match(var.name.as_bytes()));
            if !is_allowed && !KNOWN.contains(&var.name.as_str()) {
                missing.insert(var.name.clone());
            }
        }
    }
    if missing.is_empty() {
        return;
    }
    let message = format!(
        "allowedRequestAttributesPattern does not match {}, which JkEnvVar sends: Tomcat answers 403; \
         write allowedRequestAttributesPattern=\"{}\"",
        listed(&missing),
        missing
            .iter()
            .map(|name| regex::escape(name))
            .collect::<Vec<_>>()
            .join("|")
    );
    found.add(
        Some(&connector.place),
        Severity::Warning,
        "tomcat-attributes",
        message,
    );
}

/// The jvmRoute is what session ids end with: a member whose route is another one never sees its sessions again.
fn routes(tomcat: &Tomcat, pairs: &[Routed<'_>], workers: &Workers, found: &mut Found<'_>) {
    let routes: Vec<&BString> = pairs.iter().filter_map(|(_, route)| *route).collect();
    if routes.is_empty() {
        return;
    }
    let Some((route, place)) = &tomcat.route else {
        let is_sticky = workers.list.iter().any(|worker| {
            matches!(worker, WorkerSpec::Lb(lb) if lb.sticky_session && lb.members.len() > 1)
        });
        if let (Some(engine), true) = (&tomcat.engine, is_sticky) {
            let remedy = match routes.as_slice() {
                [only] => format!("set jvmRoute=\"{only}\""),
                _ => "set jvmRoute to the route of its member".to_owned(),
            };
            let message =
                format!("the Engine has no jvmRoute, so no session sticks to it; {remedy}");
            found.add(Some(engine), Severity::Warning, "jvm-route", message);
        }
        return;
    };
    if routes.iter().any(|known| **known == *route) {
        return;
    }
    let known = routes.iter().filter_map(|known| known.to_str().ok());
    let meant = match routes.as_slice() {
        [only] => only.to_str().ok(),
        _ => nearest(route, known),
    };
    let remedy = match meant {
        Some(meant) => format!("write jvmRoute=\"{meant}\", or set route={route} for the member"),
        None => format!("set route={route} for its member"),
    };
    let message = format!(
        "jvmRoute is {route}, and the route of the worker is {}: no session sticks; {remedy}",
        listed(&routes)
    );
    found.add(Some(place), Severity::Warning, "jvm-route", message);
}

/// A worker and its connector.
struct Pair<'a> {
    connector: &'a Connector,
    ajp: &'a AjpSpec,
    workers: &'a Workers,
}

impl Pair<'_> {
    fn place(&self, attribute: &str) -> Option<&Location> {
        let name = self.ajp.name.as_bstr();
        place_of(self.workers, name, attribute).or_else(|| place_of_worker(self.workers, name))
    }

    /// No message shows either.
    fn secret(&self, found: &mut Found<'_>) {
        let name = &self.ajp.name;
        let at = &self.connector.place;
        let message = match (&self.ajp.secret, self.connector.secret.set()) {
            (Some(own), Some(theirs)) if !theirs.is(own) => {
                format!(
                    "the secret of {name} is not that of the connector at {at}; write the same in both"
                )
            }
            (None, Some(_)) => {
                format!(
                    "the connector at {at} wants a secret, and {name} has none: Tomcat answers 403; set worker.{name}.secret"
                )
            }
            _ => return,
        };
        found.add(
            self.place("secret"),
            Severity::Warning,
            "tomcat-secret",
            message,
        );
    }

    fn address(&self, found: &mut Found<'_>) {
        let loopback = "localhost".to_owned();
        let Some(address) = self.connector.address.or(loopback) else {
            return;
        };
        let host = self.ajp.host.to_str_lossy();
        let local = |text: &str| crate::check::findings::is_loopback(text.as_bytes());
        let any = |text: &str| {
            text.parse::<IpAddr>()
                .is_ok_and(|address| address.is_unspecified())
        };
        let differ = match (host.parse::<IpAddr>(), address.parse::<IpAddr>()) {
            _ if any(&address) => false,
            _ if local(&address) => !local(&host),
            (Ok(host), Ok(address)) => host != address,
            // Only the resolver knows.
            _ => local(&host),
        };
        if !differ {
            return;
        }
        let (name, at) = (&self.ajp.name, &self.connector.place);
        let what = match self.connector.address.set() {
            Some(address) => format!("listens at {address}"),
            None => "has no address and listens at the loopback address only".to_owned(),
        };
        let message = format!(
            "{name} is at {host}, and its connector at {at} {what}; write address=\"{host}\" there"
        );
        found.add(
            self.place("host"),
            Severity::Warning,
            "tomcat-address",
            message,
        );
    }

    fn packet_size(&self, found: &mut Found<'_>) {
        let Some(theirs) = self.connector.packet_size.or(PACKET) else {
            return;
        };
        let own = self.ajp.max_packet_size;
        if own == theirs {
            return;
        }
        let (name, at) = (&self.ajp.name, &self.connector.place);
        let message = format!(
            "max_packet_size of {name} is {own}, and packetSize of the connector at {at} is {theirs}; write the same in both"
        );
        found.add(
            self.place("max_packet_size"),
            Severity::Warning,
            "tomcat-packet-size",
            message,
        );
    }
}
