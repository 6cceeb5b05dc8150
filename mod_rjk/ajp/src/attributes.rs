//! The attributes of a forward request (contract §5.5).

use crate::writer::{STRING, Writer};
use rjk_message::Attributes;

/// Attributes that are not the request's, but of the worker that is asked and of who chose it: another
/// worker gets others.
#[derive(Clone, Copy, Debug)]
pub struct Added<'a> {
    /// See [`Attributes::secret`].
    pub secret: Option<&'a [u8]>,
    /// See [`Attributes::route`].
    pub route: Option<&'a [u8]>,
    /// See [`Attributes::activation`].
    pub activation: &'a [u8],
}

impl<'a> Added<'a> {
    /// Those that stand with the request's own.
    pub fn of(attributes: &Attributes<'a>) -> Added<'a> {
        Added {
            secret: attributes.secret,
            route: attributes.route,
            activation: attributes.activation,
        }
    }
}

/// Appends the attributes; the stored method (AT-10) has its place among them.
pub(crate) fn put(
    attributes: &Attributes<'_>,
    added: &Added<'_>,
    stored_method: Option<&[u8]>,
    out: &mut Writer<'_>,
) {
    put_attribute(out, 0x0C, added.secret);
    put_attribute(out, 0x03, non_empty(attributes.remote_user));
    put_attribute(out, 0x04, non_empty(attributes.auth_type));
    put_attribute(out, 0x05, attributes.query);
    put_attribute(out, 0x06, added.route);
    put_attribute(out, 0x07, non_empty(attributes.ssl_cert));
    put_attribute(out, 0x08, attributes.ssl_cipher);
    put_attribute(out, 0x09, attributes.ssl_session);
    if let Some(bits) = attributes.ssl_key_size {
        out.put_u8(0x0B);
        out.put_u16(bits);
    }
    put_attribute(out, 0x0D, stored_method);
    if let Some(version) = non_empty(attributes.ssl_protocol) {
        put_named(out, b"AJP_SSL_PROTOCOL", Some(version));
    }
    put_named(out, b"AJP_REMOTE_PORT", attributes.remote_port);
    put_named(out, b"AJP_LOCAL_ADDR", attributes.local_addr);
    put_named(out, b"JK_LB_ACTIVATION", Some(added.activation));
    for &(name, value) in attributes.extra {
        put_named(out, name, Some(value));
    }
}

/// Room that they take at most.
pub(crate) fn room(attributes: &Attributes<'_>, method: &[u8]) -> usize {
    let Attributes {
        secret,
        remote_user,
        auth_type,
        query,
        route,
        ssl_cert,
        ssl_cipher,
        ssl_session,
        ssl_key_size: _,
        ssl_protocol,
        remote_port,
        local_addr,
        activation,
        extra,
    } = attributes;
    let some = [
        secret,
        remote_user,
        auth_type,
        query,
        route,
        ssl_cert,
        ssl_cipher,
        ssl_session,
        ssl_protocol,
        remote_port,
        local_addr,
    ];
    let some = some.iter().map(|value| value.map_or(0, <[u8]>::len));
    let extra = extra
        .iter()
        .map(|(name, value)| NAMED + name.len() + value.len());
    FIXED + method.len() + activation.len() + some.sum::<usize>() + extra.sum::<usize>()
}

const NAMED_ATTRIBUTE: u8 = 0x0A;

/// Bytes of a named attribute besides name and value.
const NAMED: usize = 1 + 2 * STRING;

/// All that is no value: codes, lengths and the names of ours.
const FIXED: usize = 16 * NAMED + 64;

fn put_attribute(out: &mut Writer<'_>, code: u8, value: Option<&[u8]>) {
    if let Some(value) = value {
        out.put_u8(code);
        out.put_string(value);
    }
}

fn put_named(out: &mut Writer<'_>, name: &[u8], value: Option<&[u8]>) {
    out.put_u8(NAMED_ATTRIBUTE);
    out.put_string(name);
    out.put_nullable(value);
}

fn non_empty(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| !value.is_empty())
}
