//! What a worker can get wrong.

use rjk_message::HeadError;
use std::fmt;
use thiserror::Error;

/// Bytes from a worker that break HTTP/1.1 (RFC 9110 on what a message means, RFC 9112 on how it is
/// written). The connection is out of step and must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// Not the start of a response of HTTP/1 (RFC 9112 §4): another protocol, or what an earlier
    /// response left behind.
    #[error(
        "byte {position} of the response is {byte:#04x}, which no HTTP/1.1 response has there; does the port speak HTTP without TLS?"
    )]
    NotHttp {
        /// Position in the response, from 0.
        position: usize,
        /// The byte.
        byte: u8,
    },
    /// Neither HTTP/1.1 nor HTTP/1.0 (RFC 9112 §2.3).
    #[error("the response is of HTTP version {}, not of 1.1 or 1.0", found.escape_ascii())]
    Version {
        /// The version, or what is in its place.
        found: [u8; 3],
    },
    /// The status line is not `version SP status SP reason` (RFC 9112 §4).
    #[error("byte {position} of the status line is {byte:#04x}")]
    StatusLine {
        /// Position in the line, from 0.
        position: usize,
        /// The first byte that does not belong there.
        byte: u8,
    },
    /// The status is not in 100..=999 (RFC 9110 §15).
    #[error("the response status is {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The reason phrase contains a control character (RFC 9112 §4).
    #[error("the reason phrase contains byte {byte:#04x}")]
    Reason {
        /// The first such byte.
        byte: u8,
    },
    /// A line ends with LF alone (RFC 9112 §2.2): others may see an end where we see none.
    #[error("byte {position} of the {part} is a LF without CR")]
    BareLf {
        /// Where.
        part: Part,
        /// Position in that part, from 0.
        position: usize,
    },
    /// A line is longer than allowed (RFC 9112 §2.3, RFC 9110 §5.4).
    #[error("a line of the {part} is longer than {limit} bytes")]
    LineTooLong {
        /// Where.
        part: Part,
        /// Bytes allowed, its end included.
        limit: usize,
    },
    /// A head, or the trailers, are longer than allowed (RFC 9110 §5.4).
    #[error("the {part} is longer than {limit} bytes")]
    TooLarge {
        /// What.
        part: Part,
        /// Bytes allowed.
        limit: usize,
    },
    /// More fields than allowed (RFC 9110 §5.4).
    #[error("the {part} has more than {limit} fields")]
    TooManyFields {
        /// Where.
        part: Part,
        /// Fields allowed.
        limit: usize,
    },
    /// A field goes on in the next line (RFC 9112 §5.2), or the first one is indented (§2.2).
    #[error("field {field} of the {part} starts with a blank")]
    Folded {
        /// Where.
        part: Part,
        /// Position among the fields, from 0.
        field: usize,
    },
    /// A field name is not a token and a colon (RFC 9110 §5.1, RFC 9112 §5.1); with a blank before
    /// the colon, too.
    #[error("the name of field {field} of the {part} contains byte {byte:#04x}")]
    FieldName {
        /// Where.
        part: Part,
        /// Position among the fields, from 0.
        field: usize,
        /// The first byte that does not belong there; CR if there is no colon.
        byte: u8,
    },
    /// A field value contains a control character (RFC 9110 §5.5).
    #[error("the value of field {field} of the {part} contains byte {byte:#04x}")]
    FieldValue {
        /// Where.
        part: Part,
        /// Position among the fields, from 0.
        field: usize,
        /// The first such byte.
        byte: u8,
    },
    /// Malformed in a way that has no name here.
    #[error("the {part} of {length} bytes is malformed")]
    Malformed {
        /// What.
        part: Part,
        /// Its bytes.
        length: usize,
    },
    /// Interim responses without end (RFC 9110 §15.2).
    #[error("more than {limit} interim responses came before the final one")]
    TooManyInterim {
        /// Interim responses allowed.
        limit: u32,
    },
    /// An interim response announces a body (RFC 9112 §6.1, RFC 9110 §8.6).
    #[error("the interim response {status} announces a body")]
    InterimBody {
        /// The status.
        status: u16,
    },
    /// 101 to a request that did not ask for it (RFC 9110 §7.8).
    #[error("the worker switches protocols, which the request did not ask for")]
    SwitchUnasked,
    /// 101 that does not name the protocol asked for (RFC 9110 §7.8, RFC 6455 §4.1).
    #[error("the worker switches protocols, but not to websocket")]
    SwitchElsewhere,
    /// Both Transfer-Encoding and Content-Length (RFC 9112 §6.1, §6.3): one of two readers of the
    /// response is wrong about its end.
    #[error("the response has both Transfer-Encoding and Content-Length")]
    CodingAndLength,
    /// A transfer coding other than chunked (RFC 9112 §6.1, §7).
    #[error("the response has an unknown transfer coding")]
    CodingUnknown,
    /// More than one transfer coding, be it chunked twice (RFC 9112 §6.1).
    #[error("the response has more than one transfer coding")]
    CodingRepeated,
    /// A transfer coding in a response of HTTP/1.0 (RFC 9112 §6.1).
    #[error("the response has a transfer coding and is of HTTP/1.0")]
    CodingInOld,
    /// More than one Content-Length, equal or not (RFC 9110 §8.6).
    #[error("the response has {count} Content-Length fields")]
    LengthRepeated {
        /// How many.
        count: usize,
    },
    /// Content-Length is something else than a number of bytes (RFC 9110 §8.6); a list, too.
    #[error("the response's Content-Length is not a number")]
    LengthNoNumber,
    /// A chunk does not start with its size in hexadecimal digits (RFC 9112 §7.1).
    #[error("the size of a chunk contains byte {byte:#04x}")]
    ChunkSize {
        /// The first byte that does not belong there.
        byte: u8,
    },
    /// A chunk's size has more digits than allowed (RFC 9112 §7.1).
    #[error("the size of a chunk has more than {limit} digits")]
    ChunkSizeTooLong {
        /// Digits allowed, leading zeros counted.
        limit: u32,
    },
    /// A chunk is larger than a file can be (RFC 9112 §7.1).
    #[error("a chunk announces {size} bytes")]
    ChunkTooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// A CR in the line of a chunk's size without its LF (RFC 9112 §7.1).
    #[error("the size of a chunk ends with CR and byte {byte:#04x}")]
    ChunkLineEnd {
        /// The byte behind the CR.
        byte: u8,
    },
    /// A chunk extension contains a control character (RFC 9112 §7.1.1).
    #[error("a chunk extension contains byte {byte:#04x}")]
    ChunkExtension {
        /// The first such byte.
        byte: u8,
    },
    /// A chunk's extensions are longer than allowed (RFC 9112 §7.1.1).
    #[error("the extensions of a chunk are longer than {limit} bytes")]
    ChunkExtensionTooLong {
        /// Bytes allowed.
        limit: usize,
    },
    /// A chunk is not followed by CRLF (RFC 9112 §7.1).
    #[error("the data of a chunk is followed by byte {byte:#04x}")]
    ChunkEnd {
        /// The first byte that does not belong there.
        byte: u8,
    },
    /// The connection ended before a final response began (RFC 9112 §8).
    #[error("the connection ended before the response")]
    EndBeforeHead,
    /// The connection ended inside a head (RFC 9112 §8).
    #[error("the connection ended inside the head: {have} bytes of it arrived")]
    EndInHead {
        /// Bytes of the head that arrived.
        have: usize,
    },
    /// The connection ended before Content-Length was reached (RFC 9112 §8).
    #[error("the connection ended inside the body: {have} of {length} bytes arrived")]
    EndInBody {
        /// Bytes of the body that arrived.
        have: u64,
        /// Content-Length.
        length: u64,
    },
    /// The connection ended before the last chunk, or inside the trailers (RFC 9112 §8).
    #[error("the connection ended before the last chunk's end: {have} bytes of body arrived")]
    EndInChunks {
        /// Bytes of the body that arrived.
        have: u64,
    },
    /// The caller told the end of the connection and left bytes unread.
    #[error("{bytes} bytes were left unread at the connection's end")]
    Unread {
        /// How many.
        bytes: usize,
    },
    /// A step after the end of the exchange, or after an error.
    #[error("the exchange is over")]
    AfterEnd,
}

/// A part of a message that is made of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Status line and fields.
    Head,
    /// The fields behind a chunked body (RFC 9112 §7.1.2).
    Trailers,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Head => "head",
            Part::Trailers => "trailer section",
        })
    }
}

impl ProtocolError {
    /// The status for the client.
    pub fn status(&self) -> u16 {
        502
    }

    /// Whether nothing is wrong but that the rest did not come.
    pub fn is_early_end(&self) -> bool {
        matches!(
            self,
            ProtocolError::EndBeforeHead
                | ProtocolError::EndInHead { .. }
                | ProtocolError::EndInBody { .. }
                | ProtocolError::EndInChunks { .. }
        )
    }
}

impl From<HeadError> for ProtocolError {
    fn from(error: HeadError) -> ProtocolError {
        let part = Part::Head;
        match error {
            HeadError::Status { status } | HeadError::InterimStatus { status } => {
                ProtocolError::Status { status }
            }
            HeadError::Reason { byte } => ProtocolError::Reason { byte },
            HeadError::Name { index } => ProtocolError::FieldName {
                part,
                field: index,
                byte: b':',
            },
            HeadError::Value { index, byte } => ProtocolError::FieldValue {
                part,
                field: index,
                byte,
            },
        }
    }
}
