//! The forward request, httpd's first packet of an exchange (contract §5.2…§5.5).

pub use crate::attributes::Attributes;
use crate::wire::{
    CODED_NAME, FRAME_HEADER, PacketSize, TO_TOMCAT, method_code, request_header_code,
};
use crate::writer::{patch_u16, put_nullable, put_string, put_u16};
use thiserror::Error;

/// Everything Tomcat is told about a request; the fields are in the order of the wire.
#[derive(Clone, Debug)]
pub struct ForwardRequest<'a> {
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
    /// All request headers in their order, unfiltered; `encode` only corrects
    /// Content-Length.
    pub headers: &'a [(&'a [u8], &'a [u8])],
    /// How the request body is framed.
    pub body: BodyLength,
    /// Request attributes.
    pub attributes: Attributes<'a>,
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

/// The forward request does not fit into a packet: answered with 413, nothing was sent (F-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the request head takes {size} bytes and the limit is {limit}; raise max_packet_size here and \
     packetSize in Tomcat, or send fewer and shorter headers"
)]
pub struct RequestTooLarge {
    /// Bytes that it takes.
    pub size: usize,
    /// Bytes that are allowed.
    pub limit: usize,
}

impl ForwardRequest<'_> {
    /// Appends the whole packet, frame header included, to `out`.
    ///
    /// Content-Length is made to agree with [`body`](Self::body), so that Tomcat never expects
    /// other body packets than those the exchange sends (Q-12, CP-07).
    ///
    /// # Errors
    /// [`RequestTooLarge`] if the packet would exceed `max`, or if a header name is so long that
    /// Tomcat would take its length for a header code; `out` is then as before.
    pub fn encode(&self, max: PacketSize, out: &mut Vec<u8>) -> Result<(), RequestTooLarge> {
        self.check_header_names()?;
        let start = out.len();
        out.extend_from_slice(&TO_TOMCAT);
        put_u16(out, 0);
        self.put_payload(out);
        let size = out.len() - start;
        if size > max.bytes() {
            out.truncate(start);
            return Err(RequestTooLarge {
                size,
                limit: max.bytes(),
            });
        }
        patch_u16(out, start + TO_TOMCAT.len(), size - FRAME_HEADER);
        Ok(())
    }

    /// A length of A000 and more would be read as a code.
    fn check_header_names(&self) -> Result<(), RequestTooLarge> {
        let limit = usize::from(CODED_NAME) - 1;
        let longest = self
            .headers
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        if longest > limit {
            return Err(RequestTooLarge {
                size: longest,
                limit,
            });
        }
        Ok(())
    }

    fn put_payload(&self, out: &mut Vec<u8>) {
        let method = method_code(self.method);
        out.push(FORWARD_REQUEST);
        out.push(method.unwrap_or(STORED_METHOD));
        put_string(out, self.protocol);
        put_string(out, self.uri);
        put_nullable(out, self.remote_addr);
        put_nullable(out, self.remote_host);
        put_string(out, self.server_name);
        put_u16(out, self.server_port);
        out.push(u8::from(self.is_ssl));
        self.put_headers(out);
        let stored_method = method.is_none().then_some(self.method);
        self.attributes.put(stored_method, out);
        out.push(TERMINATOR);
    }

    fn put_headers(&self, out: &mut Vec<u8>) {
        let count_at = out.len();
        put_u16(out, 0);
        let mut count = 0;
        let mut length_missing = self.body != BodyLength::Chunked;
        for &(name, value) in self.headers {
            let code = request_header_code(name);
            if code == Some(CONTENT_LENGTH) {
                if !self.body.agrees_with(value) {
                    continue;
                }
                length_missing = false;
            }
            put_header(out, code, name, value);
            count += 1;
        }
        if length_missing {
            let length = self.body.declared().to_string();
            put_header(
                out,
                Some(CONTENT_LENGTH),
                b"content-length",
                length.as_bytes(),
            );
            count += 1;
        }
        patch_u16(out, count_at, count);
    }
}

impl BodyLength {
    /// Body bytes that Content-Length has to state; 0 where there is none to state.
    pub(crate) fn declared(self) -> u64 {
        match self {
            BodyLength::Known(length) => length,
            BodyLength::None | BodyLength::Chunked => 0,
        }
    }

    fn agrees_with(self, content_length: &[u8]) -> bool {
        self != BodyLength::Chunked && parse_length(content_length) == Some(self.declared())
    }
}

const FORWARD_REQUEST: u8 = 0x02;
const STORED_METHOD: u8 = 0xFF;
const TERMINATOR: u8 = 0xFF;
/// Low byte of Content-Length's code (HC-08).
const CONTENT_LENGTH: u8 = 0x08;

fn put_header(out: &mut Vec<u8>, code: Option<u8>, name: &[u8], value: &[u8]) {
    match code {
        Some(code) => put_u16(out, CODED_NAME | u16::from(code)),
        None => put_string(out, name),
    }
    put_string(out, value);
}

/// Digits only: what `parse` takes besides, a sign, is no valid Content-Length.
fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
