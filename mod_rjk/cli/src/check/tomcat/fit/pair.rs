//! One worker and the connector that it comes to.

use crate::check::finding::Severity;
use crate::check::findings::{Found, is_loopback, place_of, place_of_worker};
use crate::check::tomcat::server_xml::{Connector, Spoken, Tomcat, Value};
use bstr::ByteSlice;
use rjk_config::error::Location;
use rjk_config::model::{AjpSpec, HttpSpec};
use rjk_config::toml::as_time;
use rjk_config::workers::Workers;
use std::net::IpAddr;
use std::time::Duration;

/// Tomcat's packetSize where nothing says another.
const PACKET: usize = 8192;
/// Its maxHttpHeaderSize.
const HEADER: usize = 8192;
/// Its connectionTimeout for HTTP; AJP has none.
const IDLE: Duration = Duration::from_secs(60);
/// Its maxKeepAliveRequests.
const REQUESTS: i64 = 100;

/// A worker and its connector.
pub(super) struct Pair<'a> {
    pub(super) tomcat: &'a Tomcat,
    pub(super) connector: &'a Connector,
    pub(super) ajp: &'a AjpSpec,
    pub(super) workers: &'a Workers,
}

impl Pair<'_> {
    pub(super) fn find(&self, found: &mut Found<'_>) {
        self.address(found);
        self.idle(found);
        match self.ajp.way.http() {
            None => {
                self.secret(found);
                self.packet_size(found);
            }
            Some(http) => {
                self.tls(http, found);
                self.certificate(http, found);
                self.header_size(found);
                self.keep_alive_requests(found);
            }
        }
    }

    /// Where an attribute of workers.properties is written, else the worker.
    fn place(&self, attribute: &str) -> Option<&Location> {
        let name = self.ajp.name.as_bstr();
        place_of(self.workers, name, attribute).or_else(|| place_of_worker(self.workers, name))
    }

    /// Where rjk.toml says how the worker is reached.
    fn add_at_way(
        &self,
        found: &mut Found<'_>,
        severity: Severity,
        code: &'static str,
        message: String,
    ) {
        let way = found.site.way_to(&self.ajp.name);
        let place = way.map(|way| way.place.clone());
        found.add(place.as_ref(), severity, code, message);
    }

    fn add_at_connector(
        &self,
        found: &mut Found<'_>,
        severity: Severity,
        code: &'static str,
        message: String,
    ) {
        found.add(Some(&self.connector.place), severity, code, message);
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
        if self.ajp.way.socket.is_some() {
            return;
        }
        let usual = match self.connector.speaks {
            Spoken::Ajp => "localhost",
            Spoken::Http => "::",
        };
        let Some(address) = self.connector.address.or(usual.to_owned()) else {
            return;
        };
        let host = self.ajp.host.to_str_lossy();
        let local = |text: &str| is_loopback(text.as_bytes());
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

    /// A connection that Tomcat closes first may be closed under a request.
    fn idle(&self, found: &mut Found<'_>) {
        let usual = match self.connector.speaks {
            Spoken::Ajp => None,
            Spoken::Http => Some(IDLE),
        };
        let Some(Some(theirs)) = self.connector.idle.or(usual) else {
            return;
        };
        let (name, own) = (&self.ajp.name, self.ajp.pool.timeout);
        let (severity, what) = match own {
            Some(own) if own < theirs => return,
            Some(own) => (
                Severity::Warning,
                format!("connection_pool_timeout of {name} is {}", as_time(own)),
            ),
            None if self.connector.speaks == Spoken::Ajp => return,
            None => (
                Severity::Hint,
                format!("{name} has no connection_pool_timeout"),
            ),
        };
        // Tomcat's is to be longer by what maintenance takes to come by.
        let (more, set) = match own {
            Some(own) => (
                own + 2 * self.workers.maintain.max(Duration::from_secs(30)),
                String::new(),
            ),
            None => (
                Duration::from_secs(600),
                format!(", and worker.{name}.connection_pool_timeout=540"),
            ),
        };
        let message = format!(
            "{what}, and Tomcat closes a connection that is idle for {}: it ends under the module's hands, maybe under \
             a request; write keepAliveTimeout=\"{}\" here{set}",
            as_time(theirs),
            more.as_millis()
        );
        self.add_at_connector(found, severity, "tomcat-keep-alive", message);
    }

    /// Tomcat answers 400 to what is spoken in clear text on a port of TLS, and nothing to the reverse.
    fn tls(&self, http: &HttpSpec, found: &mut Found<'_>) {
        let (name, at) = (&self.ajp.name, &self.connector.place);
        let message = match (&http.tls, self.connector.tls.or(false)) {
            (None, Some(true)) => format!(
                "worker {name} speaks in clear text to the connector at {at}, which speaks TLS; write \
                 tls = {{ ca = \"FILE\" }} in [worker.{name}]{}",
                self.other_port(false)
            ),
            (Some(_), Some(false)) => format!(
                "worker {name} speaks TLS to the connector at {at}, which does not; write SSLEnabled=\"true\" there, \
                 with an SSLHostConfig{}",
                self.other_port(true)
            ),
            _ => return,
        };
        self.add_at_way(found, Severity::Error, "tomcat-tls", message);
    }

    /// The port of a connector with TLS, or one without.
    fn other_port(&self, is_tls: bool) -> String {
        let mut all = self.tomcat.connectors.iter();
        let other = all.find_map(|one| {
            let fits = one.speaks == Spoken::Http
                && one.socket == Value::Absent
                && one.tls.or(false) == Some(is_tls);
            one.port.set().filter(|_| fits)
        });
        let name = &self.ajp.name;
        other.map_or_else(String::new, |port| {
            format!(", or port = {port} in [worker.{name}]")
        })
    }

    fn certificate(&self, http: &HttpSpec, found: &mut Found<'_>) {
        let Some(tls) = &http.tls else { return };
        let (name, at) = (&self.ajp.name, &self.connector.place);
        if self.connector.tls.or(false) != Some(true) {
            return;
        }
        match (&tls.identity, self.connector.wants_certificate.or(false)) {
            (None, Some(true)) => {
                let message = format!(
                    "the connector at {at} lets nobody in without a certificate, and worker {name} shows none; write \
                     cert and key in [worker.{name}.tls]"
                );
                self.add_at_way(found, Severity::Error, "tomcat-certificate", message);
            }
            (Some(_), Some(false)) => {
                let message = format!(
                    "the certificate of worker {name} is asked for by nobody, and whoever reaches this connector is \
                     served; write certificateVerification=\"required\" in its SSLHostConfig"
                );
                self.add_at_connector(found, Severity::Hint, "tomcat-certificate", message);
            }
            _ => {}
        }
    }

    fn header_size(&self, found: &mut Found<'_>) {
        let Some(theirs) = self.connector.header_size.or(HEADER) else {
            return;
        };
        let (name, own) = (&self.ajp.name, self.ajp.max_packet_size);
        if own <= theirs {
            return;
        }
        let message = format!(
            "max_packet_size of {name} is {own}, and over HTTP this connector answers 400 to a head of more than \
             {theirs} bytes; write maxHttpHeaderSize=\"{own}\" here"
        );
        self.add_at_connector(found, Severity::Warning, "tomcat-header-size", message);
    }

    fn keep_alive_requests(&self, found: &mut Found<'_>) {
        let Some(most @ 0..=1000) = self.connector.keep_alive_requests.or(REQUESTS) else {
            return;
        };
        let cost = match self.ajp.way.tls() {
            Some(_) => "a connection and a handshake of TLS",
            None => "a connection",
        };
        let message = format!(
            "Tomcat closes each connection after {most} requests, which costs {cost} each time; write \
             maxKeepAliveRequests=\"-1\" here"
        );
        self.add_at_connector(found, Severity::Hint, "tomcat-keep-alive-requests", message);
    }
}
