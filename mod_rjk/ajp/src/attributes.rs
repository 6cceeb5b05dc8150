//! The attributes of a forward request (contract §5.5).

use crate::writer::{put_nullable, put_string, put_u16};
use rjk_message::Attributes;

/// Appends the attributes; the stored method (AT-10) has its place among them.
pub(crate) fn put(attributes: &Attributes<'_>, stored_method: Option<&[u8]>, out: &mut Vec<u8>) {
    put_attribute(out, 0x0C, attributes.secret);
    put_attribute(out, 0x03, non_empty(attributes.remote_user));
    put_attribute(out, 0x04, non_empty(attributes.auth_type));
    put_attribute(out, 0x05, attributes.query);
    put_attribute(out, 0x06, attributes.route);
    put_attribute(out, 0x07, non_empty(attributes.ssl_cert));
    put_attribute(out, 0x08, attributes.ssl_cipher);
    put_attribute(out, 0x09, attributes.ssl_session);
    if let Some(bits) = attributes.ssl_key_size {
        out.push(0x0B);
        put_u16(out, bits);
    }
    put_attribute(out, 0x0D, stored_method);
    if let Some(version) = non_empty(attributes.ssl_protocol) {
        put_named(out, b"AJP_SSL_PROTOCOL", Some(version));
    }
    put_named(out, b"AJP_REMOTE_PORT", attributes.remote_port);
    put_named(out, b"AJP_LOCAL_ADDR", attributes.local_addr);
    put_named(out, b"JK_LB_ACTIVATION", Some(attributes.activation));
    for &(name, value) in attributes.extra {
        put_named(out, name, Some(value));
    }
}

const NAMED_ATTRIBUTE: u8 = 0x0A;

fn put_attribute(out: &mut Vec<u8>, code: u8, value: Option<&[u8]>) {
    if let Some(value) = value {
        out.push(code);
        put_string(out, value);
    }
}

fn put_named(out: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) {
    out.push(NAMED_ATTRIBUTE);
    put_string(out, name);
    put_nullable(out, value);
}

fn non_empty(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| !value.is_empty())
}
