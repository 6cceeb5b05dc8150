//! A request as the worker is told of it.

use crate::attributes::Attributes;
use crate::length::ContentLength;

/// Everything a worker is told about a request (contract §5.2).
#[derive(Clone, Debug)]
pub struct RequestHead<'a> {
    /// Method, spelled as the client did.
    pub method: &'a [u8],
    /// For example `HTTP/1.1`.
    pub protocol: &'a [u8],
    /// Path without query.
    pub uri: &'a [u8],
    /// Client address.
    pub remote_addr: Option<&'a [u8]>,
    /// Client name, `None` when it was not looked up.
    pub remote_host: Option<&'a [u8]>,
    /// httpd's name for this request.
    pub server_name: &'a [u8],
    /// httpd's port for this request.
    pub server_port: u16,
    /// Whether the client uses TLS.
    pub is_ssl: bool,
    /// All request headers in their order, unfiltered; a Content-Length among them counts
    /// only as far as it agrees with `body`.
    pub headers: &'a [(&'a [u8], &'a [u8])],
    /// How the request body is framed.
    pub body: BodyLength,
    /// What is told beyond the client's request.
    pub attributes: Attributes<'a>,
}

impl RequestHead<'_> {
    /// Whether the client waits for 100 before it sends its body: only a body can be waited for, and
    /// only by a client that knows interim responses (RFC 9110 §10.1.1).
    pub fn expects_continue(&self) -> bool {
        let waits = |(name, value): &(&[u8], &[u8])| {
            name.eq_ignore_ascii_case(b"Expect")
                && value.trim_ascii().eq_ignore_ascii_case(b"100-continue")
        };
        !self.body.is_empty()
            && !matches!(self.protocol, b"HTTP/1.0" | b"HTTP/0.9")
            && self.headers.iter().any(waits)
    }
}

/// How a request body is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyLength {
    /// No body.
    #[default]
    None,
    /// Content-Length, in bytes.
    Known(u64),
    /// Length unknown: chunked, or `JK_IGNORE_CL` is set.
    Chunked,
}

impl BodyLength {
    /// Body bytes that Content-Length has to state; 0 where there is none to state.
    pub fn declared(self) -> u64 {
        match self {
            BodyLength::Known(length) => length,
            BodyLength::None | BodyLength::Chunked => 0,
        }
    }

    /// Whether no byte of it comes.
    pub fn is_empty(self) -> bool {
        matches!(self, BodyLength::None | BodyLength::Known(0))
    }

    /// Whether a request's Content-Length of this value says the same.
    pub fn agrees_with(self, content_length: &[u8]) -> bool {
        self != BodyLength::Chunked
            && ContentLength::number(content_length) == Some(self.declared())
    }
}

#[cfg(test)]
mod tests;
