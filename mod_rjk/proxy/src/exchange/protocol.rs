//! What the exchange knows of AJP: how a request is written, how packets are framed, and how a
//! worker is asked whether it is there.

use crate::job::Target;
use crate::job::failure::Cause;
use crate::job::request::UpstreamRequest;
use crate::way::connection::{Connection, Look, ReceiveError};
use rjk_ajp::exchange::Exchange;
use rjk_ajp::wire::body_header;
use rjk_ajp::{CPING, Frame, Packet, PacketSize, next_frame};
use rjk_config::model::AjpSpec;
use std::io;
use std::time::{Duration, Instant};

/// Largest packet in either direction.
pub(crate) fn packet_size(spec: &AjpSpec) -> PacketSize {
    PacketSize::clamped(spec.max_packet_size)
}

/// The forward request for this worker.
///
/// # Errors
/// [`Cause::TooLarge`].
pub(crate) fn encode(
    request: &UpstreamRequest<'_>,
    target: Target<'_>,
    spec: &AjpSpec,
) -> Result<Vec<u8>, Cause> {
    let mut forward = request.forward.clone();
    forward.attributes.secret = spec.secret.as_ref().map(|secret| secret.as_slice());
    forward.attributes.route = target.route;
    forward.attributes.activation = target.activation;
    let mut head = Vec::with_capacity(2048);
    rjk_ajp::request::encode(&forward, packet_size(spec), &mut head)?;
    Ok(head)
}

/// Bytes of the body that go out with the request, if it has any (BD-01, BD-03).
pub(crate) fn eager_body(request: &UpstreamRequest<'_>, spec: &AjpSpec) -> Option<usize> {
    exchange(request, spec).eager_body()
}

/// The exchange of a request with this worker, from the moment it is sent.
pub(crate) fn exchange(request: &UpstreamRequest<'_>, spec: &AjpSpec) -> Exchange {
    Exchange::new(request.forward.body, request.is_head(), packet_size(spec))
}

/// Appends a body packet.
pub(crate) fn frame_body(body: &[u8], packet: &mut Vec<u8>) {
    packet.extend_from_slice(&body_header(body.len() as u16));
    packet.extend_from_slice(body);
}

/// What stands on a connection behind the end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing, or the beginning of something harmless: the next request may use it.
    Quiet,
    /// So many bytes that could be taken for the next answer (CP-08).
    Answer(usize),
    /// Nobody: the worker closed it, or it broke.
    Ended,
}

/// Bytes that a worker may send on an idle connection before it is given up: harmless ones come in
/// packets of eight, and more than a few of them are no habit but a flood.
const MOST_IDLE_BYTES: usize = 1024;

/// Looks whether an idle connection can carry a request: open, and without a byte that could be
/// taken for the answer (PL-02). Empty body packets, which old backends send late, are swallowed.
pub(crate) fn look(connection: &mut Connection, size: PacketSize) -> Rest {
    let mut taken = connection.pending().len();
    loop {
        match (connection.look(), connection.pending().len()) {
            (Look::Ended, _) => return Rest::Ended,
            (Look::Quiet, 0) => return Rest::Quiet,
            (Look::Quiet, bytes) => return Rest::Answer(bytes),
            (Look::Spoke, bytes) => taken += bytes,
        }
        match swallow(connection, size) {
            Rest::Quiet if taken <= MOST_IDLE_BYTES => {}
            Rest::Quiet => return Rest::Answer(taken),
            rest => return rest,
        }
    }
}

/// Takes off what is harmless of the bytes behind the end of an answer.
pub(crate) fn swallow(connection: &mut Connection, size: PacketSize) -> Rest {
    loop {
        let pending = connection.pending();
        match next_frame(pending, size) {
            Ok(Frame::Complete {
                packet: Packet::BodyChunk(b""),
                consumed,
            }) => connection.consume(consumed),
            Ok(Frame::Incomplete { .. }) if begins_harmless(pending) => return Rest::Quiet,
            _ => return Rest::Answer(pending.len()),
        }
    }
}

/// Whether these bytes are the beginning of an empty body packet, with its closing NUL or without.
fn begins_harmless(bytes: &[u8]) -> bool {
    [&b"AB\0\x04\x03\0\0\0"[..], b"AB\0\x03\x03\0\0"]
        .iter()
        .any(|packet| packet.starts_with(bytes))
}

/// CPING, then waits for CPONG (PL-06): within `limit` in all.
///
/// # Errors
/// `TimedOut`, a socket error, or `InvalidData` when something else came.
pub(crate) fn probe(
    connection: &mut Connection,
    size: PacketSize,
    limit: Duration,
) -> io::Result<()> {
    let deadline = Instant::now() + limit;
    connection
        .send(&CPING, Some(limit))
        .map_err(|(_, error)| error)?;
    loop {
        let frame = next_frame(connection.pending(), size)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let needed = match frame {
            Frame::Complete {
                packet: Packet::Cpong,
                consumed,
            } => {
                connection.consume(consumed);
                connection.heard();
                // Even the beginning of a harmless packet: what follows it would be read as the answer.
                let rest = swallow(connection, size);
                return match connection.pending() {
                    [] if !matches!(rest, Rest::Answer(_)) => Ok(()),
                    _ => Err(unlike_cpong()),
                };
            }
            Frame::Complete {
                packet: Packet::BodyChunk(b""),
                consumed,
            } => {
                connection.consume(consumed);
                continue;
            }
            Frame::Complete { .. } => return Err(unlike_cpong()),
            Frame::Incomplete { needed } => needed,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        connection.receive(needed, Some(left)).map_err(no_cpong)?;
    }
}

fn unlike_cpong() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "more than CPONG came as the answer to CPING",
    )
}

fn no_cpong(error: ReceiveError) -> io::Error {
    match error {
        ReceiveError::Closed => io::ErrorKind::UnexpectedEof.into(),
        ReceiveError::TimedOut => io::ErrorKind::TimedOut.into(),
        ReceiveError::Io(error) => error,
        ReceiveError::Truncated { .. } => {
            io::Error::new(io::ErrorKind::InvalidData, "it closed inside a packet")
        }
    }
}
