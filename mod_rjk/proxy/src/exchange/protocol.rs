//! What the exchange knows of AJP: how a request is written, how packets are framed, and how a
//! worker is asked whether it is there.

use crate::job::Target;
use crate::job::failure::Cause;
use crate::job::request::UpstreamRequest;
use crate::way::connection::{Connection, ReceiveError};
use rjk_ajp::wire::body_header;
use rjk_ajp::{CPING, Frame, Packet, PacketSize, next_frame};
use rjk_config::model::AjpSpec;
use std::io;
use std::time::Duration;

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

/// Appends a body packet.
pub(crate) fn frame_body(body: &[u8], packet: &mut Vec<u8>) {
    packet.extend_from_slice(&body_header(body.len() as u16));
    packet.extend_from_slice(body);
}

/// CPING, then waits for CPONG (PL-06).
///
/// # Errors
/// `TimedOut`, a socket error, or `InvalidData` when another packet came.
pub(crate) fn probe(
    connection: &mut Connection,
    size: PacketSize,
    limit: Duration,
) -> io::Result<()> {
    connection.send(&CPING).map_err(|(_, error)| error)?;
    loop {
        let frame = next_frame(connection.pending(), size)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        match frame {
            Frame::Complete {
                packet: Packet::Cpong,
                consumed,
            } => {
                connection.consume(consumed);
                connection.heard();
                return Ok(());
            }
            Frame::Complete { .. } => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the answer to CPING is another packet",
                ));
            }
            Frame::Incomplete { needed } => {
                connection
                    .receive(needed, Some(limit), Some(limit))
                    .map_err(no_cpong)?;
            }
        }
    }
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
