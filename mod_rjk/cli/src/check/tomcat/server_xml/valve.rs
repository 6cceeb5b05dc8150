//! The valves that make facts about the client of headers.

use super::Reader;
use super::value::Value;
use regex::Regex;
use rjk_config::error::Location;
use roxmltree::Node;

/// A valve that believes headers.
#[derive(Debug)]
pub struct Valve {
    /// Its line.
    pub place: Location,
    /// Its class, without the package.
    pub name: &'static str,
    /// The headers that it reads.
    pub headers: Vec<String>,
    /// Whom it believes.
    pub believes: Believed,
}

/// Whom a valve believes, by the address that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Believed {
    /// Everybody.
    All,
    /// Whoever has a private address.
    Private,
    /// Those who are named.
    Named,
}

impl Valve {
    /// What RemoteIpValve is called.
    pub const REMOTE_IP: &'static str = "RemoteIpValve";
    /// What SSLValve is called.
    pub const SSL: &'static str = "SSLValve";

    pub(super) fn read(reader: &Reader<'_>, node: Node<'_, '_>) -> Option<Valve> {
        let class = node.attribute("className")?;
        let (name, headers) = match class.rsplit('.').next()? {
            Valve::REMOTE_IP => (Valve::REMOTE_IP, &REMOTE_IP_HEADERS[..]),
            Valve::SSL => (Valve::SSL, &SSL_HEADERS[..]),
            _ => return None,
        };
        let header = |(attribute, usual): &(&str, Option<&str>)| {
            let written = reader.text(node, attribute);
            let set = written.set().filter(|name| !name.is_empty()).cloned();
            set.or_else(|| usual.map(str::to_owned))
        };
        Some(Valve {
            place: reader.place(node),
            name,
            headers: headers.iter().filter_map(header).collect(),
            believes: match name {
                Valve::REMOTE_IP => believed(&reader.text(node, "internalProxies")),
                _ => Believed::All,
            },
        })
    }
}

/// An attribute that names a header, and its name without it.
type Named = (&'static str, Option<&'static str>);

const REMOTE_IP_HEADERS: [Named; 4] = [
    ("remoteIpHeader", Some("X-Forwarded-For")),
    ("protocolHeader", Some("X-Forwarded-Proto")),
    ("portHeader", None),
    ("hostHeader", None),
];
const SSL_HEADERS: [Named; 5] = [
    ("sslClientCertHeader", Some("ssl_client_cert")),
    (
        "sslClientEscapedCertHeader",
        Some("ssl_client_escaped_cert"),
    ),
    ("sslCipherHeader", Some("ssl_cipher")),
    ("sslSessionIdHeader", Some("ssl_session_id")),
    ("sslCipherUserKeySizeHeader", Some("ssl_cipher_usekeysize")),
];

/// Addresses that nobody has: who believes them believes all.
const STRANGERS: [&str; 2] = ["203.0.113.7", "198.51.100.93"];

fn believed(proxies: &Value<String>) -> Believed {
    let pattern = match proxies {
        Value::Absent => return Believed::Private,
        Value::Unknown => return Believed::Named,
        Value::Set(text) => Regex::new(&format!("^(?:{text})$")),
    };
    let is_for = |address: &&str| pattern.as_ref().is_ok_and(|all| all.is_match(address));
    match STRANGERS.iter().all(is_for) {
        true => Believed::All,
        false => Believed::Named,
    }
}
