//! The forward request, httpd's first packet of an exchange (contract §5.2…§5.5).

use crate::attributes;
use crate::wire::{
    CODED_NAME, FRAME_HEADER, PacketSize, TO_TOMCAT, method_code, request_header_code,
};
use crate::writer::{patch_u16, put_nullable, put_string, put_u16};
use rjk_message::{BodyLength, RequestHead};
use thiserror::Error;

/// The forward request does not fit into a packet: answered with 413, nothing was sent (F-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the request head takes {size} bytes and the limit is {limit}")]
pub struct RequestTooLarge {
    /// Bytes that it takes.
    pub size: usize,
    /// Bytes that are allowed.
    pub limit: usize,
}

impl RequestTooLarge {
    /// Whether a packet of the largest size would hold it: the length of a header name has a limit of
    /// its own.
    pub fn fits_largest(&self) -> bool {
        self.size <= PacketSize::MAX.bytes() && self.limit != LONGEST_NAME
    }
}

/// Longest header name, in bytes: a length of A000 and more would be read as a code.
const LONGEST_NAME: usize = CODED_NAME as usize - 1;

/// Appends the whole packet, frame header included, to `out`.
///
/// Content-Length is made to agree with [`RequestHead::body`], so that Tomcat never expects other
/// body packets than those the exchange sends (Q-12, CP-07).
///
/// # Errors
/// [`RequestTooLarge`] if the packet would exceed `max`, or if a header name is so long that Tomcat
/// would take its length for a header code; `out` is then as before.
pub fn encode(
    head: &RequestHead<'_>,
    max: PacketSize,
    out: &mut Vec<u8>,
) -> Result<(), RequestTooLarge> {
    check_header_names(head.headers)?;
    let start = out.len();
    out.extend_from_slice(&TO_TOMCAT);
    put_u16(out, 0);
    put_payload(head, out);
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

fn check_header_names(headers: &[(&[u8], &[u8])]) -> Result<(), RequestTooLarge> {
    let limit = LONGEST_NAME;
    let longest = headers.iter().map(|(name, _)| name.len()).max();
    match longest.filter(|longest| *longest > limit) {
        Some(size) => Err(RequestTooLarge { size, limit }),
        None => Ok(()),
    }
}

fn put_payload(head: &RequestHead<'_>, out: &mut Vec<u8>) {
    let method = method_code(head.method);
    out.push(FORWARD_REQUEST);
    out.push(method.unwrap_or(STORED_METHOD));
    put_string(out, head.protocol);
    put_string(out, head.uri);
    put_nullable(out, head.remote_addr);
    put_nullable(out, head.remote_host);
    put_string(out, head.server_name);
    put_u16(out, head.server_port);
    out.push(u8::from(head.is_ssl));
    put_headers(head, out);
    let stored_method = method.is_none().then_some(head.method);
    attributes::put(&head.attributes, stored_method, out);
    out.push(TERMINATOR);
}

fn put_headers(head: &RequestHead<'_>, out: &mut Vec<u8>) {
    let count_at = out.len();
    put_u16(out, 0);
    let mut count = 0;
    let mut length_missing = head.body != BodyLength::Chunked;
    for &(name, value) in head.headers {
        let code = request_header_code(name);
        if code == Some(CONTENT_LENGTH) {
            if !head.body.agrees_with(value) {
                continue;
            }
            length_missing = false;
        }
        put_header(out, code, name, value);
        count += 1;
    }
    if length_missing {
        let length = head.body.declared().to_string();
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

#[cfg(test)]
mod tests;
