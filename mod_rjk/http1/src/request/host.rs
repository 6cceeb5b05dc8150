//! The host that the worker is told.

use super::bytes::HOST_NAME;
use super::error::{RequestError, shown};
use rjk_message::RequestHead;
use std::borrow::Cow;
use std::net::Ipv6Addr;

/// A host, and the port if one was named.
pub(crate) struct Host<'a> {
    text: Cow<'a, [u8]>,
    port: Option<u16>,
}

impl<'a> Host<'a> {
    /// The client's, or else httpd's name and port.
    pub(super) fn of(
        sent: Option<&'a [u8]>,
        head: &RequestHead<'a>,
    ) -> Result<Host<'a>, RequestError> {
        match sent.map(<[u8]>::trim_ascii).filter(|host| !host.is_empty()) {
            // A colon without a port says nothing (RFC 3986 §3.2.3), and Tomcat makes port 0 of it.
            Some(host) => Host::checked(host.strip_suffix(b":").unwrap_or(host).into()),
            None => Host::checked(of_server(head.server_name, head.server_port).into()),
        }
    }

    fn checked(text: Cow<'a, [u8]>) -> Result<Host<'a>, RequestError> {
        match port(&text) {
            Ok(port) => Ok(Host { text, port }),
            Err(reason) => Err(RequestError::Host {
                host: shown(&text),
                reason,
            }),
        }
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The port; where the client named none, the scheme's. Over AJP, Tomcat takes the same.
    pub(crate) fn port(&self, is_ssl: bool) -> u16 {
        self.port.unwrap_or(if is_ssl { 443 } else { 80 })
    }
}

fn of_server(name: &[u8], port: u16) -> Vec<u8> {
    let port = format!(":{port}");
    match is_ipv6(name) {
        true => [b"[", name, b"]", port.as_bytes()].concat(),
        false => [name, port.as_bytes()].concat(),
    }
}

/// The port of a host, if all of it is as it should be (RFC 9110 §7.2).
///
/// What else a name could hold by its grammar is in no name that resolves, and serves those who want to
/// see it in a link of the answer.
fn port(host: &[u8]) -> Result<Option<u16>, &'static str> {
    let rest = match host.strip_prefix(b"[") {
        Some(literal) => {
            let end = literal.iter().position(|byte| *byte == b']');
            let (address, rest) = literal.split_at(end.ok_or("has no end of its address")?);
            if !is_ipv6(address) {
                return Err("holds no IPv6 address");
            }
            &rest[1..]
        }
        None => {
            let end = host.iter().position(|byte| *byte == b':');
            let (name, rest) = host.split_at(end.unwrap_or(host.len()));
            if !HOST_NAME.make_up(name) {
                return Err("is no host name");
            }
            rest
        }
    };
    match rest.strip_prefix(b":") {
        None if rest.is_empty() => Ok(None),
        Some(digits) => number(digits).map(Some).ok_or("has no number as its port"),
        None => Err("has something behind its address"),
    }
}

fn is_ipv6(address: &[u8]) -> bool {
    let address = str::from_utf8(address).ok();
    address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u16, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}
