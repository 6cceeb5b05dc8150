//! What the worker is told of the client and of httpd, each fact by a header of its own; see
//! docs/http-headers.md.
//!
//! Every name that is sent here is one that the client cannot send: `request::names` removes it.

mod certificate;

use crate::request::bytes::{ADDRESS, OWN_NAME, OWN_VALUE, TOKEN};
use crate::request::host::Host;
use crate::request::names::can_carry_secret;
use crate::request::{Told, put_field, put_number};
use rjk_message::{Attributes, RequestHead};
use std::net::IpAddr;

/// Appends them.
pub(crate) fn put(head: &RequestHead<'_>, told: &Told<'_>, host: &Host<'_>, out: &mut Vec<u8>) {
    if told.x_forwarded {
        put_x_forwarded(head, host, out);
    }
    if told.forwarded {
        put_forwarded(head, host, out);
    }
    if told.x_forwarded || told.forwarded {
        put_own(out, "Remote-Host", head.remote_host);
        put_own(out, "Remote-Port", head.attributes.remote_port);
        put_own(out, "Local-Addr", head.attributes.local_addr);
    }
    put_tls(&head.attributes, out);
    put_attributes(&head.attributes, out);
    if let (Some(name), Some(secret)) = (told.secret_header, head.attributes.secret) {
        put_secret(name, secret, out);
    }
}

fn scheme(head: &RequestHead<'_>) -> &'static [u8] {
    if head.is_ssl { b"https" } else { b"http" }
}

fn put_x_forwarded(head: &RequestHead<'_>, host: &Host<'_>, out: &mut Vec<u8>) {
    // A comma would make a list of it, in which the last one counts.
    if let Some(address) = head.remote_addr.filter(|text| ADDRESS.make_up(text)) {
        put_field(out, b"X-Forwarded-For", address);
    }
    put_field(out, b"X-Forwarded-Proto", scheme(head));
    put_field(out, b"X-Forwarded-Host", host.text());
    put_number(out, b"X-Forwarded-Port", host.port(head.is_ssl).into());
}

/// RFC 7239 §4: a value with a colon is quoted, an IPv6 address stands in brackets as well.
fn put_forwarded(head: &RequestHead<'_>, host: &Host<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Forwarded: ");
    let address = head.remote_addr.and_then(|text| str::from_utf8(text).ok());
    match address.map(str::parse) {
        Some(Ok(IpAddr::V4(address))) => put_text(out, &["for=", &address.to_string(), ";"]),
        Some(Ok(IpAddr::V6(address))) => put_text(out, &["for=\"[", &address.to_string(), "]\";"]),
        _ => {}
    }
    let host = host.text();
    let quote: &[u8] = if TOKEN.make_up(host) { b"" } else { b"\"" };
    for part in [
        b"host=",
        quote,
        host,
        quote,
        b";proto=",
        scheme(head),
        b"\r\n",
    ] {
        out.extend_from_slice(part);
    }
}

fn put_text(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// By the names that Tomcat's SSLValve reads.
fn put_tls(attributes: &Attributes<'_>, out: &mut Vec<u8>) {
    if let Some(cert) = attributes.ssl_cert {
        certificate::put(cert, out);
    }
    put_plain(out, b"ssl_cipher", attributes.ssl_cipher);
    put_plain(out, b"ssl_session_id", attributes.ssl_session);
    if let Some(bits) = attributes.ssl_key_size {
        put_number(out, b"ssl_cipher_usekeysize", bits.into());
    }
    put_plain(out, b"ssl_secure_protocol", attributes.ssl_protocol);
}

/// A value that its reader takes as it is, or nothing.
fn put_plain(out: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) {
    let is_plain = |value: &&[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_graphic);
    if let Some(value) = value.filter(is_plain) {
        put_field(out, name, value);
    }
}

fn put_attributes(attributes: &Attributes<'_>, out: &mut Vec<u8>) {
    put_own(out, "Remote-User", attributes.remote_user);
    put_own(out, "Auth-Type", attributes.auth_type);
    put_own(out, "Route", attributes.route);
    put_own(out, "Activation", Some(attributes.activation));
    for &(name, value) in attributes.extra {
        if !name.is_empty() {
            out.extend_from_slice(b"X-Rjk-Env-");
            OWN_NAME.put_encoded(name, out);
            put_own_value(out, value);
        }
    }
}

/// A header of ours; none for an empty value, as with AJP.
fn put_own(out: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        put_text(out, &["X-Rjk-", name]);
        put_own_value(out, value);
    }
}

/// Percent-encoded, so that any bytes come through and none can be taken for others.
fn put_own_value(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(b": ");
    OWN_VALUE.put_encoded(value, out);
    out.extend_from_slice(b"\r\n");
}

/// As it is, since the worker compares it: one that a header cannot carry is not sent, and the worker
/// refuses the request.
fn put_secret(name: &[u8], secret: &[u8], out: &mut Vec<u8>) {
    let is_whole = secret == secret.trim_ascii() && !secret.is_empty();
    if can_carry_secret(name) && is_whole && !secret.iter().any(u8::is_ascii_control) {
        put_field(out, name, secret);
    }
}

#[cfg(test)]
mod tests;
