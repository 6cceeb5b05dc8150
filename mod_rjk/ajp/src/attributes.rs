//! The attributes of a forward request (contract §5.5).

use crate::writer::{put_nullable, put_string, put_u16};
use std::fmt;

/// Request attributes in the order of the wire (contract §5.5); nothing else can become one.
#[derive(Clone)]
pub struct Attributes<'a> {
    /// The worker's secret (AT-01).
    pub secret: Option<&'a [u8]>,
    /// Authenticated user; not sent when empty (AT-02).
    pub remote_user: Option<&'a [u8]>,
    /// Authentication type; not sent when empty (AT-03).
    pub auth_type: Option<&'a [u8]>,
    /// Query string, may be empty (AT-04).
    pub query: Option<&'a [u8]>,
    /// Route of the chosen member (AT-05).
    pub route: Option<&'a [u8]>,
    /// Client certificate in PEM form; not sent when empty (AT-06).
    pub ssl_cert: Option<&'a [u8]>,
    /// TLS cipher suite (AT-07).
    pub ssl_cipher: Option<&'a [u8]>,
    /// TLS session id (AT-08).
    pub ssl_session: Option<&'a [u8]>,
    /// Key size in bits (AT-09).
    pub ssl_key_size: Option<u16>,
    /// TLS version; not sent when empty (AT-11).
    pub ssl_protocol: Option<&'a [u8]>,
    /// Client port in decimal; always sent, as the null string if `None` (AT-12).
    pub remote_port: Option<&'a [u8]>,
    /// Local address of the client's connection; always sent, as the null string if `None`
    /// (AT-13).
    pub local_addr: Option<&'a [u8]>,
    /// `ACT`, `DIS` or `STP`; always sent (AT-14).
    pub activation: &'a [u8],
    /// Names and values of JkEnvVar (AT-15).
    pub extra: &'a [(&'a [u8], &'a [u8])],
}

impl Default for Attributes<'_> {
    /// No attribute but the three that are always sent, with activation `ACT`.
    fn default() -> Self {
        Attributes {
            secret: None,
            remote_user: None,
            auth_type: None,
            query: None,
            route: None,
            ssl_cert: None,
            ssl_cipher: None,
            ssl_session: None,
            ssl_key_size: None,
            ssl_protocol: None,
            remote_port: None,
            local_addr: None,
            activation: b"ACT",
            extra: &[],
        }
    }
}

impl fmt::Debug for Attributes<'_> {
    /// Leaves out the secret and whatever else should not get into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attributes")
            .field("secret", &self.secret.map(|_| "hidden"))
            .field(
                "route",
                &self.route.map(|route| route.escape_ascii().to_string()),
            )
            .field("activation", &self.activation.escape_ascii().to_string())
            .finish_non_exhaustive()
    }
}

impl Attributes<'_> {
    /// Appends the attributes; the stored method (AT-10) has its place among them.
    pub(crate) fn put(&self, stored_method: Option<&[u8]>, out: &mut Vec<u8>) {
        put_attribute(out, 0x0C, self.secret);
        put_attribute(out, 0x03, non_empty(self.remote_user));
        put_attribute(out, 0x04, non_empty(self.auth_type));
        put_attribute(out, 0x05, self.query);
        put_attribute(out, 0x06, self.route);
        put_attribute(out, 0x07, non_empty(self.ssl_cert));
        put_attribute(out, 0x08, self.ssl_cipher);
        put_attribute(out, 0x09, self.ssl_session);
        if let Some(bits) = self.ssl_key_size {
            out.push(0x0B);
            put_u16(out, bits);
        }
        put_attribute(out, 0x0D, stored_method);
        if let Some(version) = non_empty(self.ssl_protocol) {
            put_named(out, b"AJP_SSL_PROTOCOL", Some(version));
        }
        put_named(out, b"AJP_REMOTE_PORT", self.remote_port);
        put_named(out, b"AJP_LOCAL_ADDR", self.local_addr);
        put_named(out, b"JK_LB_ACTIVATION", Some(self.activation));
        for &(name, value) in self.extra {
            put_named(out, name, Some(value));
        }
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
