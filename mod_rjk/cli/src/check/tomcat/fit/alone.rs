//! Connectors that no worker comes to, and workers that come to no connector.

use super::Behind;
use super::pairs::{self, leads_to, routed, spoken};
use crate::check::finding::Severity;
use crate::check::findings::{Found, place_of, place_of_worker};
use crate::check::tomcat::server_xml::{Connector, Spoken, Value};
use crate::manners::listed;
use bstr::ByteSlice;
use rjk_config::model::AjpSpec;
use std::collections::BTreeSet;

impl Behind<'_> {
    /// An AJP connector that no worker comes to.
    pub(super) fn no_worker(&self, connector: &Connector, found: &mut Found<'_>) {
        let at = match (&connector.socket, connector.port.set()) {
            (Value::Set(socket), _) => format!("at the socket {socket}"),
            (Value::Absent, Some(port)) => format!("on port {port}"),
            _ => return,
        };
        if !self.strangers_of(connector).is_empty() {
            return;
        }
        let (severity, code, message) = match self.moved_away(connector, found).as_slice() {
            [] => (
                Severity::Warning,
                "tomcat-port",
                format!(
                    "the AJP connector listens {at}, which no worker names{}",
                    self.ajp_ports(connector)
                ),
            ),
            [first, ..] => (
                Severity::Hint,
                "tomcat-ajp-left",
                format!(
                    "worker {first} speaks HTTP now, and the AJP connector {at} is its way back to AJP; take it away \
                     when nobody will go back, and close its port"
                ),
            ),
        };
        found.add(Some(&connector.place), severity, code, message);
    }

    /// The workers that speak HTTP now and would come to this connector without it.
    fn moved_away(&self, connector: &Connector, found: &Found<'_>) -> Vec<String> {
        let (port, site) = (connector.port.set().copied(), found.site);
        let is_left = |worker: &AjpSpec| {
            spoken(worker) == Spoken::Http && site.ajp_port(&worker.name) == port
        };
        let all = match port {
            Some(_) => pairs::all_at(self.tomcat, connector, self.workers, is_left),
            None => Vec::new(),
        };
        all.iter()
            .map(|(worker, _)| worker.name.to_string())
            .collect()
    }

    /// What an AJP connector could listen on instead.
    fn ajp_ports(&self, connector: &Connector) -> String {
        let all = routed(self.workers).into_iter().map(|(worker, _)| worker);
        let ajp = all.filter(|worker| spoken(worker) == Spoken::Ajp);
        let ports: BTreeSet<u16> = ajp
            .filter(|worker| worker.way.socket.is_none())
            .map(|worker| worker.port)
            .collect();
        match (
            ports.iter().collect::<Vec<_>>().as_slice(),
            connector.port.set(),
        ) {
            ([], _) | (_, None) => "; take it away".to_owned(),
            ([only], Some(port)) => {
                format!("; write port={only}, or set the worker's port to {port}")
            }
            (all, Some(_)) => format!("; the ports of workers are {}", listed(all)),
        }
    }

    /// A worker comes to a connector that speaks something else.
    pub(super) fn other_protocol(
        &self,
        connector: &Connector,
        worker: &AjpSpec,
        found: &mut Found<'_>,
    ) {
        let name = worker.name.as_bstr();
        let own = spoken(worker);
        let (at, theirs) = (&connector.place, connector.speaks.as_str());
        let right = self.listening(own).next();
        let remedy = match (own, right, connector.port.set()) {
            (_, Some(Listening::Socket(socket)), _) => {
                format!("write socket = \"{socket}\" in [worker.{name}]")
            }
            (Spoken::Http, Some(Listening::Port(port)), _) => {
                format!("write port = {port} in [worker.{name}], or protocol = \"ajp\"")
            }
            (Spoken::Http, None, _) => {
                format!("add an HTTP connector, or write protocol = \"ajp\" in [worker.{name}]")
            }
            (Spoken::Ajp, Some(Listening::Port(right)), _) => {
                format!("write worker.{name}.port={right}")
            }
            (Spoken::Ajp, None, Some(port)) => format!(
                "write protocol = \"http\" and port = {port} in [worker.{name}] of rjk.toml, or add an AJP connector"
            ),
            (Spoken::Ajp, None, None) => {
                format!("write protocol = \"http\" in [worker.{name}]")
            }
        };
        let message = format!(
            "worker {name} speaks {}, and the connector at {at}, where it comes to, speaks {theirs}: no request gets \
             through; {remedy}",
            own.as_str()
        );
        let place = found.site.way_to(&worker.name).map(|way| way.place.clone());
        let place = place
            .as_ref()
            .or_else(|| place_of(self.workers, name, "port"));
        let place = place.or_else(|| place_of_worker(self.workers, name));
        found.add(place, Severity::Error, "tomcat-protocol", message);
    }

    /// A worker of rjk.toml that this is the Tomcat of, and none of its connectors listens where it comes to.
    pub(super) fn unheard(&self, found: &mut Found<'_>) {
        let all = routed(self.workers);
        let is_only = self.is_only && all.len() == 1;
        let is_own = |route: Option<&bstr::BString>| {
            let own = self.tomcat.route.set();
            own.is_some_and(|own| route.is_some_and(|route| *route == own.as_str()))
        };
        let connectors = &self.tomcat.connectors;
        // One of those may be it.
        let is_unknown = |connector: &Connector| {
            connector.port == Value::Unknown || connector.socket == Value::Unknown
        };
        if connectors.iter().any(is_unknown) {
            return;
        }
        for (worker, route) in all {
            let is_here = is_only || is_own(route);
            let leads = |connector: &Connector| leads_to(worker, connector);
            let way = found.site.way_to(&worker.name).map(|way| way.place.clone());
            let Some(place) = way.filter(|_| is_here && !connectors.iter().any(leads)) else {
                continue;
            };
            // By its port, AJP is looked at from the connector's side.
            if spoken(worker) == Spoken::Ajp && worker.way.socket.is_none() {
                continue;
            }
            let (code, message) = self.nobody_there(worker);
            found.add(Some(&place), Severity::Warning, code, message);
        }
    }

    fn nobody_there(&self, worker: &AjpSpec) -> (&'static str, String) {
        let name = &worker.name;
        let (code, at, attribute) = match &worker.way.socket {
            Some(socket) => {
                let socket = socket.display();
                (
                    "tomcat-socket",
                    format!("the socket {socket}"),
                    format!("unixDomainSocketPath=\"{socket}\""),
                )
            }
            None => {
                let port = worker.port;
                (
                    "tomcat-port",
                    format!("port {port}"),
                    format!("port=\"{port}\""),
                )
            }
        };
        let kind = spoken(worker).as_str();
        let remedy = match self.listening(spoken(worker)).next() {
            Some(Listening::Port(port)) => {
                format!("write port = {port} in [worker.{name}], or {attribute} there")
            }
            Some(Listening::Socket(socket)) => {
                format!("write socket = \"{socket}\" in [worker.{name}], or {attribute} there")
            }
            None => format!("add <Connector protocol=\"{kind}/1.1\" {attribute}")
                .replace("AJP/1.1", "AJP/1.3"),
        };
        let file = &self.tomcat.file.file;
        let message = format!(
            "worker {name} comes to {at}, and no connector of {file} listens there; {remedy}"
        );
        (code, message)
    }

    /// Where connectors of a kind listen.
    fn listening(&self, kind: Spoken) -> impl Iterator<Item = Listening<'_>> {
        let all = self.tomcat.connectors.iter();
        let all = all.filter(move |connector| connector.speaks == kind);
        all.filter_map(|connector| match (&connector.socket, &connector.port) {
            (Value::Set(socket), _) => Some(Listening::Socket(socket)),
            (Value::Absent, Value::Set(port)) => Some(Listening::Port(*port)),
            _ => None,
        })
    }
}

/// Where a connector listens.
pub(super) enum Listening<'a> {
    Port(u16),
    Socket(&'a str),
}
