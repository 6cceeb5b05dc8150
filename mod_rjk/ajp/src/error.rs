//! What a backend can get wrong, and the HTTP status that the client gets for it.

use rjk_message::HeadError;
use thiserror::Error;

/// A packet from Tomcat that breaks AJP/1.3. The connection is out of step and must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// The packet does not start with `AB` (F-08).
    #[error("{}", bad_magic(*found))]
    BadMagic {
        /// The first two bytes.
        found: [u8; 2],
    },
    /// The payload is larger than allowed (K-02, F-08, CP-11).
    #[error(
        "a packet announces {len} bytes and the limit is {limit}; max_packet_size must not be less than Tomcat's packetSize"
    )]
    Oversized {
        /// Payload bytes announced.
        len: usize,
        /// Payload bytes allowed.
        limit: usize,
    },
    /// The connection ended inside a packet (F-08); raised by whoever reads the connection.
    #[error("the connection ended inside a packet: {have} of {needed} bytes arrived")]
    TruncatedPacket {
        /// Bytes of the packet that arrived.
        have: usize,
        /// Bytes that it has, as far as known.
        needed: usize,
    },
    /// A packet without a type byte.
    #[error("a packet is empty")]
    EmptyPacket,
    /// No packet of AJP/1.3 that Tomcat sends has this type (F-09).
    #[error("packet type {code:#04x} is unknown")]
    UnknownPacket {
        /// The type byte.
        code: u8,
    },
    /// A field reaches beyond its packet (F-09, CP-12, CP-13).
    #[error("a field needs {needed} bytes and its packet has {available} left")]
    TruncatedField {
        /// Bytes of the field; a string's closing NUL is one of them.
        needed: usize,
        /// Bytes left in the packet.
        available: usize,
    },
    /// A string does not end with NUL (CP-13).
    #[error("the string of {len} bytes in a header packet does not end with NUL")]
    UnterminatedString {
        /// The string's length in bytes.
        len: usize,
    },
    /// A header value is the null string (F-09).
    #[error("response header {index} has no value")]
    NullHeaderValue {
        /// Position in the packet, from 0.
        index: usize,
    },
    /// The code names no response header (HC-12, HC-13, BG-02).
    #[error("response header code {code:#06x} is unknown")]
    UnknownHeaderCode {
        /// The code, with its A0.
        code: u16,
    },
    /// More headers than the packet can hold (RS-15, CP-17).
    #[error("{count} response headers cannot be in the {available} bytes that are left")]
    HeaderCount {
        /// Headers announced.
        count: usize,
        /// Bytes left in the packet.
        available: usize,
    },
    /// A header name is not a token (RFC 9110 §5.6.2).
    #[error("the name of response header {index} is not a token")]
    HeaderName {
        /// Position in the packet, from 0.
        index: usize,
    },
    /// A header value contains NUL, CR or LF (RS-07, CP-09).
    #[error("the value of response header {index} contains byte {byte:#04x}")]
    HeaderValue {
        /// Position in the packet, from 0.
        index: usize,
        /// The first such byte.
        byte: u8,
    },
    /// The reason phrase contains a control character (CP-15).
    #[error("the reason phrase contains byte {byte:#04x}")]
    ReasonPhrase {
        /// The first such byte.
        byte: u8,
    },
    /// The status is not in 100..=999 (F-09).
    #[error("the response status is {status}")]
    BadStatus {
        /// The status.
        status: u16,
    },
    /// A status of 100..=199, which AJP has no use for (RS-06, BG-08).
    #[error("the response has the interim status {status}")]
    InterimStatus {
        /// The status.
        status: u16,
    },
    /// A body chunk is longer than its packet (F-09, CV-01, CP-14).
    #[error("a body chunk announces {len} bytes and its packet has {available}")]
    ChunkOverrun {
        /// Bytes announced.
        len: usize,
        /// Bytes left in the packet.
        available: usize,
    },
    /// Body data without headers (F-09, RS-10, BG-23).
    #[error("{len} bytes of body arrived before the headers")]
    BodyBeforeHeaders {
        /// Bytes of the chunk.
        len: usize,
    },
    /// A second header packet before any body data (F-09).
    #[error("the headers arrived twice")]
    HeadersRepeated,
    /// A second header packet after body data (F-10).
    #[error("headers arrived after body data")]
    HeadersAfterBody,
    /// The response ended without headers.
    #[error("the response ended before the headers")]
    EndBeforeHeaders,
    /// Tomcat asked for body data again and again after it was told that there is no more.
    #[error("body data was asked for again and again after its end")]
    BodyAskedAfterEnd,
    /// A CPONG that nobody asked for (F-09).
    #[error("a CPONG arrived inside an exchange")]
    UnexpectedCpong,
    /// A packet after END_RESPONSE.
    #[error("a packet arrived after the end of the response")]
    PacketAfterEnd,
}

impl ProtocolError {
    /// The status for the client: 502 for F-08 and F-10, 500 for F-09.
    pub fn status(&self) -> u16 {
        if self.is_framing() || *self == ProtocolError::HeadersAfterBody {
            502
        } else {
            500
        }
    }

    /// Whether the stream of packets itself broke (F-08), which counts as a failed connection
    /// (TR-08); otherwise the contents of one packet did.
    pub fn is_framing(&self) -> bool {
        matches!(
            self,
            ProtocolError::BadMagic { .. }
                | ProtocolError::Oversized { .. }
                | ProtocolError::TruncatedPacket { .. }
        )
    }

    /// The protocol that the worker speaks instead, where its first bytes say so.
    pub fn foreign(&self) -> Option<&'static str> {
        match self {
            ProtocolError::BadMagic { found } => foreign(*found),
            _ => None,
        }
    }
}

fn foreign(magic: [u8; 2]) -> Option<&'static str> {
    match &magic {
        b"HT" => Some("HTTP"),
        // An alert or a handshake, of any version.
        [0x15 | 0x16, 3] => Some("TLS"),
        _ => None,
    }
}

fn bad_magic(found: [u8; 2]) -> String {
    match foreign(found) {
        Some(protocol) => format!("the worker answers in {protocol}, not in AJP"),
        None => format!(
            "a packet starts with {:02x} {:02x}, not with 41 42; is the peer an AJP connector?",
            found[0], found[1]
        ),
    }
}

impl From<HeadError> for ProtocolError {
    fn from(error: HeadError) -> ProtocolError {
        match error {
            HeadError::Status { status } => ProtocolError::BadStatus { status },
            HeadError::InterimStatus { status } => ProtocolError::InterimStatus { status },
            HeadError::Reason { byte } => ProtocolError::ReasonPhrase { byte },
            HeadError::Name { index } => ProtocolError::HeaderName { index },
            HeadError::Value { index, byte } => ProtocolError::HeaderValue { index, byte },
        }
    }
}
