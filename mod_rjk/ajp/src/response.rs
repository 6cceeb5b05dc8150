//! Packets from Tomcat (contract §5.1), cut out of a stream of bytes.

pub use crate::error::ProtocolError;
use crate::head;
use crate::reader::Reader;
use crate::wire::{FRAME_HEADER, FROM_TOMCAT, PacketSize};
use rjk_message::ResponseHead;

/// What the start of a buffer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Not yet a whole packet.
    Incomplete {
        /// Bytes from the start of the buffer that are needed before it is worth trying again.
        needed: usize,
    },
    /// A whole packet.
    Complete {
        /// The packet.
        packet: Packet<'a>,
        /// Its bytes, frame header included; the next packet starts behind them.
        consumed: usize,
    },
}

/// A packet from Tomcat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SEND_HEADERS (K-09).
    Headers(ResponseHead),
    /// SEND_BODY_CHUNK; an empty one asks for a flush (K-08).
    BodyChunk(&'a [u8]),
    /// END_RESPONSE (K-10).
    End {
        /// Whether the connection may carry another exchange (PL-09).
        reuse: bool,
    },
    /// GET_BODY_CHUNK with the bytes that Tomcat wants (K-11).
    GetBody(u16),
    /// CPONG (K-07).
    Cpong,
}

/// Reads the packet at the start of `buf`.
///
/// `max` limits the payload; its frame header is not counted (K-02).
///
/// # Errors
/// [`ProtocolError`] as soon as the frame header, or the whole packet, turns out to be malformed.
pub fn next_frame(buf: &[u8], max: PacketSize) -> Result<Frame<'_>, ProtocolError> {
    let Some((header, rest)) = buf.split_first_chunk::<FRAME_HEADER>() else {
        return Ok(Frame::Incomplete {
            needed: FRAME_HEADER,
        });
    };
    let len = payload_len(*header, max)?;
    let consumed = FRAME_HEADER + len;
    match rest.get(..len) {
        Some(payload) => Ok(Frame::Complete {
            packet: Packet::parse(payload)?,
            consumed,
        }),
        None => Ok(Frame::Incomplete { needed: consumed }),
    }
}

fn payload_len(header: [u8; FRAME_HEADER], max: PacketSize) -> Result<usize, ProtocolError> {
    let [first, second, high, low] = header;
    if [first, second] != FROM_TOMCAT {
        return Err(ProtocolError::BadMagic {
            found: [first, second],
        });
    }
    let len = usize::from(u16::from_be_bytes([high, low]));
    if len > max.bytes() {
        return Err(ProtocolError::Oversized {
            len,
            limit: max.bytes(),
        });
    }
    Ok(len)
}

const SEND_BODY_CHUNK: u8 = 0x03;
const SEND_HEADERS: u8 = 0x04;
const END_RESPONSE: u8 = 0x05;
const GET_BODY_CHUNK: u8 = 0x06;
const CPONG: u8 = 0x09;

impl<'a> Packet<'a> {
    fn parse(payload: &'a [u8]) -> Result<Packet<'a>, ProtocolError> {
        let (&code, fields) = payload.split_first().ok_or(ProtocolError::EmptyPacket)?;
        let mut reader = Reader::new(fields);
        match code {
            SEND_BODY_CHUNK => parse_chunk(&mut reader).map(Packet::BodyChunk),
            SEND_HEADERS => head::parse(fields).map(Packet::Headers),
            END_RESPONSE => Ok(Packet::End {
                reuse: means_reuse(reader.u8()?),
            }),
            GET_BODY_CHUNK => reader.u16().map(Packet::GetBody),
            CPONG => Ok(Packet::Cpong),
            code => Err(ProtocolError::UnknownPacket { code }),
        }
    }
}

/// What follows the data, by custom one NUL, is ignored.
fn parse_chunk<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ProtocolError> {
    let len = usize::from(reader.u16()?);
    let available = reader.available();
    reader
        .bytes(len)
        .map_err(|_| ProtocolError::ChunkOverrun { len, available })
}

/// PL-09.
fn means_reuse(flag: u8) -> bool {
    !matches!(flag, 0 | 0xFF)
}

#[cfg(test)]
mod tests;
