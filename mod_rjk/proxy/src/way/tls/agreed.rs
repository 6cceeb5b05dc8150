//! What the two ends of TLS agreed on.

use std::time::{Duration, SystemTime};

/// What TLS with a worker came to. Names that come from the worker are fit for a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsAgreed {
    /// The version, `TLSv1.3` for instance.
    pub version: String,
    /// The suite of ciphers, as RFCs call it.
    pub cipher: String,
    /// Whose certificate the worker has.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Until when it is valid; `None` for a time that cannot be told.
    pub end: Option<SystemTime>,
    /// How long the handshake took.
    pub handshake: Duration,
}
