//! One `<Connector …>`.

use super::Reader;
use super::value::{Secret, Value};
use rjk_config::error::Location;
use roxmltree::Node;
use std::time::Duration;

/// A connector. What stands in it as `${name}` and is not known is `Unknown`.
#[derive(Debug)]
pub struct Connector {
    /// Its line.
    pub place: Location,
    /// What it speaks.
    pub speaks: Spoken,
    /// `port`, which counts only without a socket.
    pub port: Value<u16>,
    /// `unixDomainSocketPath`.
    pub socket: Value<String>,
    /// `address`; without it AJP listens at the loopback address, and HTTP everywhere.
    pub address: Value<String>,
    /// `secret`.
    pub secret: Value<Secret>,
    /// `secretRequired`, true without it.
    pub secret_required: Value<bool>,
    /// `packetSize`.
    pub packet_size: Value<usize>,
    /// `maxThreads`, its own or its executor's.
    pub max_threads: Value<u32>,
    /// `allowedRequestAttributesPattern`.
    pub attributes: Value<String>,
    /// `SSLEnabled`.
    pub tls: Value<bool>,
    /// Whether nobody gets in without a certificate.
    pub wants_certificate: Value<bool>,
    /// `keepAliveTimeout`, else `connectionTimeout`: how long a connection may be idle; `None` in it is for ever.
    pub idle: Value<Option<Duration>>,
    /// `maxKeepAliveRequests`; -1 is no limit.
    pub keep_alive_requests: Value<i64>,
    /// Bytes of a request's head: `maxHttpRequestHeaderSize`, else `maxHttpHeaderSize`.
    pub header_size: Value<usize>,
}

/// What a connector speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// AJP/1.3.
    Ajp,
    /// HTTP/1.1.
    Http,
}

impl Spoken {
    /// As people say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Spoken::Ajp => "AJP",
            Spoken::Http => "HTTP",
        }
    }
}

impl Connector {
    pub(super) fn read<'a>(reader: &Reader<'a>, node: Node<'a, 'a>) -> Connector {
        let text = |name: &str| reader.text(node, name);
        // The names until Tomcat 9.0.31 and 9.0.63 come second.
        let first_of = |names: [&str; 2]| match text(names[0]) {
            Value::Absent => text(names[1]),
            written => written,
        };
        let secret = first_of(["secret", "requiredSecret"]);
        let header_size = first_of(["maxHttpRequestHeaderSize", "maxHttpHeaderSize"]);
        Connector {
            place: reader.place(node),
            speaks: spoken(node),
            port: text("port").number(),
            socket: text("unixDomainSocketPath"),
            address: text("address"),
            secret: match secret.parsed(|text| Some(Secret(text))) {
                Value::Set(Secret(text)) if text.is_empty() => Value::Absent,
                secret => secret,
            },
            secret_required: text("secretRequired")
                .parsed(|text| Some(!text.eq_ignore_ascii_case("false"))),
            packet_size: text("packetSize").number(),
            max_threads: reader.threads(node),
            attributes: text("allowedRequestAttributesPattern"),
            tls: text("SSLEnabled").parsed(|text| Some(is_true(&text))),
            wants_certificate: wants_certificate(reader, node),
            idle: first_of(["keepAliveTimeout", "connectionTimeout"])
                .number()
                .parsed(|millis: i64| Some(u64::try_from(millis).ok().map(Duration::from_millis))),
            keep_alive_requests: text("maxKeepAliveRequests").number(),
            header_size: header_size.number(),
        }
    }
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
}

/// Without `protocol` it is HTTP/1.1.
fn spoken(connector: Node<'_, '_>) -> Spoken {
    let protocol = connector.attribute("protocol").unwrap_or_default();
    match protocol.to_ascii_lowercase().contains("ajp") {
        true => Spoken::Ajp,
        false => Spoken::Http,
    }
}

/// As an `<SSLHostConfig>` says it, before Tomcat 8.5 the connector.
fn wants_certificate<'a>(reader: &Reader<'a>, connector: Node<'a, 'a>) -> Value<bool> {
    let hosts = connector.children();
    let mut hosts = hosts.filter(|node| node.has_tag_name("SSLHostConfig"));
    let written = match hosts.next() {
        Some(host) => reader.text(host, "certificateVerification"),
        None => reader.text(connector, "clientAuth"),
    };
    written.parsed(|text| Some(text.eq_ignore_ascii_case("required") || is_true(&text)))
}
