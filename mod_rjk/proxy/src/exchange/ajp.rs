//! What the exchange knows of AJP: how a request is written, how packets are framed, and how a
//! worker is asked whether it is there.

use super::packet_log::PacketLog;
use super::protocol::{Rest, Step, receive_by};
use super::scratch::Scratch;
use crate::job::Target;
use crate::job::failure::Cause;
use crate::job::request::UpstreamRequest;
use crate::way::connection::{Connection, Look};
use rjk_ajp::exchange::Exchange;
use rjk_ajp::request::{Added, encode_into};
use rjk_ajp::wire::body_header;
use rjk_ajp::{
    BROKEN_BODY, CPING, END_OF_BODY, Frame, Packet, PacketSize, ProtocolError, next_frame,
};
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
pub(super) fn encode(
    request: &UpstreamRequest<'_>,
    target: Target<'_>,
    spec: &AjpSpec,
    out: &mut Scratch,
) -> Result<(), Cause> {
    let (head, size) = (&request.forward, packet_size(spec));
    let added = Added {
        secret: spec.secret.as_ref().map(|secret| secret.as_slice()),
        route: target.route,
        activation: target.activation,
    };
    let room = out.room(PacketSize::DEFAULT.bytes());
    if let Some(bytes) = encode_into(head, &added, size, room)? {
        out.fill(bytes);
        return Ok(());
    }
    // Only where larger packets are allowed.
    let room = out.room(size.bytes());
    let bytes = encode_into(head, &added, size, room)?;
    out.fill(bytes.unwrap_or(0));
    Ok(())
}

/// One exchange, and how large its packets are.
pub(crate) struct AjpCodec {
    exchange: Exchange,
    size: PacketSize,
}

impl AjpCodec {
    /// Bytes in front of a body part that [`AjpCodec::seal`] fills in.
    pub(super) const ROOM: usize = 6;
    /// What is sent instead of the first part of a body that broke off (BD-08).
    pub(super) const BROKEN_BODY: &'static [u8] = &BROKEN_BODY;

    pub(super) fn new(request: &UpstreamRequest<'_>, spec: &AjpSpec) -> AjpCodec {
        let size = packet_size(spec);
        AjpCodec {
            exchange: Exchange::new(request.forward.body, request.is_head(), size),
            size,
        }
    }

    /// BD-01, BD-03.
    pub(super) fn eager_body(&self) -> Option<usize> {
        self.exchange.eager_body()
    }

    /// Writes the header of the packet, whose first bytes are free and whose rest is a part of the body.
    pub(super) fn seal(&mut self, packet: &mut [u8]) {
        let bytes = packet.len() - Self::ROOM;
        let frame = self.begin(bytes);
        packet[..Self::ROOM].copy_from_slice(&frame);
    }

    /// What stands before so many bytes of the body, which go now.
    pub(super) fn begin(&mut self, bytes: usize) -> [u8; Self::ROOM] {
        self.exchange.body_sent(bytes);
        body_header(bytes as u16)
    }

    /// BD-05.
    pub(super) fn end_body(&mut self) -> &'static [u8] {
        self.exchange.body_ended();
        &END_OF_BODY
    }

    pub(super) fn step<'a>(
        &mut self,
        pending: &'a [u8],
        packets: PacketLog<'_>,
    ) -> Result<Step<'a>, ProtocolError> {
        match next_frame(pending, self.size)? {
            Frame::Incomplete { needed } => Ok(Step::Incomplete { needed }),
            Frame::Complete { packet, consumed } => {
                packets.received(&packet);
                let action = self.exchange.on_packet(packet)?;
                Ok(Step::Complete { action, consumed })
            }
        }
    }

    pub(super) fn head_received(&self) -> bool {
        self.exchange.head_received()
    }
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
        receive_by(deadline, needed, connection)?;
    }
}

fn unlike_cpong() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "more than CPONG came as the answer to CPING",
    )
}
