//! What is wrong with a response head.

use thiserror::Error;

/// A response head that must not reach the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeadError {
    /// The status is not in 100..=999 (F-09).
    #[error("the response status is {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// A status of 100..=199 that is no response yet (RS-06, BG-08) or tells the client nothing.
    #[error("the response has the interim status {status}")]
    InterimStatus {
        /// The status.
        status: u16,
    },
    /// The reason phrase contains a control character (CP-15).
    #[error("the reason phrase contains byte {byte:#04x}")]
    Reason {
        /// The first such byte.
        byte: u8,
    },
    /// A header name is not a token (RFC 9110 §5.6.2).
    #[error("the name of response header {index} is not a token")]
    Name {
        /// Position among the headers, from 0.
        index: usize,
    },
    /// A header value contains NUL, CR or LF (RS-07, CP-09).
    #[error("the value of response header {index} contains byte {byte:#04x}")]
    Value {
        /// Position among the headers, from 0.
        index: usize,
        /// The first such byte.
        byte: u8,
    },
}
