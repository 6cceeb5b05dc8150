//! The forward request, httpd's first packet of an exchange (contract §5.2…§5.5).

use crate::attributes;
pub use crate::attributes::Added;
use crate::wire::{
    CODED_NAME, FRAME_HEADER, PacketSize, TO_TOMCAT, method_code, request_header_code,
};
use crate::writer::{STRING, Writer};
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
    let start = out.len();
    out.resize(start + room(head), 0);
    let size = encode_into(head, &Added::of(&head.attributes), max, &mut out[start..]);
    let size = size.inspect_err(|_| out.truncate(start))?;
    // There was room for all.
    out.truncate(start + size.unwrap_or(0));
    Ok(())
}

/// The same into a buffer, with attributes in the place of the head's own; bytes of the packet, `None` when
/// it does not fit. It is then not whole.
///
/// # Errors
/// As [`encode`].
pub fn encode_into(
    head: &RequestHead<'_>,
    added: &Added<'_>,
    max: PacketSize,
    buffer: &mut [u8],
) -> Result<Option<usize>, RequestTooLarge> {
    check_header_names(head.headers)?;
    let most = buffer.len();
    let mut packet = Writer::new(buffer);
    packet.put_bytes(&TO_TOMCAT);
    let length_at = packet.skip_u16();
    put_payload(head, added, &mut packet);
    let size = packet.written();
    packet.patch_u16(length_at, size - FRAME_HEADER);
    if size > max.bytes() {
        return Err(RequestTooLarge {
            size,
            limit: max.bytes(),
        });
    }
    Ok((size <= most).then_some(size))
}

/// Bytes that the packet takes at most: as if each header were spelled out.
fn room(head: &RequestHead<'_>) -> usize {
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| 2 * STRING + name.len() + value.len());
    let texts = [head.protocol, head.uri, head.server_name].map(<[u8]>::len);
    let names = [head.remote_addr, head.remote_host].map(|name| name.map_or(0, <[u8]>::len));
    FIXED
        + headers.sum::<usize>()
        + texts.iter().chain(&names).sum::<usize>()
        + attributes::room(&head.attributes, head.method)
}

/// Frame, codes, lengths, the header that is added, and what ends the packet.
const FIXED: usize = 64;

fn check_header_names(headers: &[(&[u8], &[u8])]) -> Result<(), RequestTooLarge> {
    let limit = LONGEST_NAME;
    let longest = headers.iter().map(|(name, _)| name.len()).max();
    match longest.filter(|longest| *longest > limit) {
        Some(size) => Err(RequestTooLarge { size, limit }),
        None => Ok(()),
    }
}

fn put_payload(head: &RequestHead<'_>, added: &Added<'_>, out: &mut Writer<'_>) {
    let method = method_code(head.method);
    out.put_u8(FORWARD_REQUEST);
    out.put_u8(method.unwrap_or(STORED_METHOD));
    out.put_string(head.protocol);
    out.put_string(head.uri);
    out.put_nullable(head.remote_addr);
    out.put_nullable(head.remote_host);
    out.put_string(head.server_name);
    out.put_u16(head.server_port);
    out.put_u8(u8::from(head.is_ssl));
    put_headers(head, out);
    let stored_method = method.is_none().then_some(head.method);
    attributes::put(&head.attributes, added, stored_method, out);
    out.put_u8(TERMINATOR);
}

fn put_headers(head: &RequestHead<'_>, out: &mut Writer<'_>) {
    let count_at = out.skip_u16();
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
        put_length(out, head.body.declared());
        count += 1;
    }
    out.patch_u16(count_at, count);
}

/// Content-Length in decimal.
fn put_length(out: &mut Writer<'_>, length: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = length;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    put_header(out, Some(CONTENT_LENGTH), b"content-length", &digits[at..]);
}

const FORWARD_REQUEST: u8 = 0x02;
const STORED_METHOD: u8 = 0xFF;
const TERMINATOR: u8 = 0xFF;
/// Low byte of Content-Length's code (HC-08).
const CONTENT_LENGTH: u8 = 0x08;

fn put_header(out: &mut Writer<'_>, code: Option<u8>, name: &[u8], value: &[u8]) {
    match code {
        Some(code) => out.put_u16(CODED_NAME | u16::from(code)),
        None => out.put_string(name),
    }
    out.put_string(value);
}

#[cfg(test)]
mod tests;
