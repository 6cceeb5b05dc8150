//! What a worker can get wrong.

use thiserror::Error;

/// Bytes from a worker that break HTTP/1.1 (RFC 9110, RFC 9112). The connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// A step after the end of the exchange.
    #[error("the exchange is over")]
    AfterEnd,
}

impl ProtocolError {
    /// The status for the client.
    pub fn status(&self) -> u16 {
        502
    }
}
