//! How a request is written to a worker (RFC 9112).
//!
//! What the client sent is not trusted with anything that decides where a message ends or what the
//! worker believes of the client. In this order: what the client's `Connection` names goes, then
//! what concerns one connection only, then every header by which a fact of ours could travel, under
//! any spelling; then ours are added.

pub(crate) mod bytes;
mod error;
mod fields;
pub(crate) mod host;
pub(crate) mod names;
mod target;
mod upgrade;

pub use error::RequestError;
pub use names::is_removed;
pub use upgrade::asks_for_websocket;

use crate::facts;
use fields::Survey;
use host::Host;
use rjk_message::{BodyLength, RequestHead};
use std::io::Write;

/// What a worker is to be told beyond what HTTP/1.1 asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'a> {
    /// The client's address, scheme, host and port in the `X-Forwarded` headers.
    pub x_forwarded: bool,
    /// The same in `Forwarded` (RFC 7239).
    pub forwarded: bool,
    /// The header that carries the worker's secret; without one the secret is not sent.
    pub secret_header: Option<&'a [u8]>,
    /// A client that asks for WebSocket gets its wish passed on.
    pub websocket: bool,
    /// A client that waits for 100 before it sends its body has the worker decide.
    pub expect_continue: bool,
    /// The path is what a `%23` was decoded in: its `#` is a character as any other. In what the client
    /// sent one begins a fragment.
    pub decoded_path: bool,
}

/// Appends the head of the request, with the empty line behind it, to `out`.
///
/// The body is announced as [`RequestHead::body`] says, whatever the client's headers say.
///
/// # Errors
/// [`RequestError`] if a part cannot be written without risk; `out` is then as before.
pub fn encode(
    head: &RequestHead<'_>,
    told: &Told<'_>,
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    let start = out.len();
    let written = put_head(head, told, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn put_head(
    head: &RequestHead<'_>,
    told: &Told<'_>,
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    let survey = Survey::of(head.headers)?;
    let host = Host::of(survey.host, head)?;
    target::put_request_line(head, told.decoded_path, out)?;
    put_field(out, b"Host", host.text());
    fields::put_clients(head.headers, &survey, told.secret_header, out)?;
    put_framing(head, out);
    if told.expect_continue && head.expects_continue() {
        put_field(out, b"Expect", b"100-continue");
    }
    if told.websocket && asks_for_websocket(head) {
        out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\n");
    } else {
        // Tomcat says for how long it keeps a connection only to those who ask for it by name.
        out.extend_from_slice(b"Connection: keep-alive\r\n");
    }
    facts::put(head, told, &host, out);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

fn put_framing(head: &RequestHead<'_>, out: &mut Vec<u8>) {
    match head.body {
        BodyLength::Chunked => put_field(out, b"Transfer-Encoding", b"chunked"),
        BodyLength::Known(length) => put_number(out, b"Content-Length", length),
        // Of these methods nobody expects a body; of any other some servers want to be told that
        // there is none (RFC 9110 §8.6).
        BodyLength::None => match head.method {
            b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE" | b"DELETE" => {}
            _ => put_number(out, b"Content-Length", 0),
        },
    }
}

/// Appends a field whose name and value were checked.
pub(crate) fn put_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Appends a field with a number.
pub(crate) fn put_number(out: &mut Vec<u8>, name: &[u8], number: u64) {
    out.extend_from_slice(name);
    // A Vec takes all that is written to it.
    let _ = write!(out, ": {number}\r\n");
}

#[cfg(test)]
mod tests;
