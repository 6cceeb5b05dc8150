//! What a worker can get wrong, in whichever protocol.

use thiserror::Error;

/// Bytes of a worker that are not what its protocol allows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// In AJP.
    #[error(transparent)]
    Ajp(#[from] rjk_ajp::ProtocolError),
    /// In HTTP/1.1.
    #[error(transparent)]
    Http(#[from] rjk_http1::ProtocolError),
}

impl WireError {
    /// The status for the client.
    pub fn status(&self) -> u16 {
        match self {
            WireError::Ajp(error) => error.status(),
            WireError::Http(error) => error.status(),
        }
    }

    /// Whether the stream itself broke, which counts as a failed connection (F-08, TR-08). What is wrong
    /// in HTTP says that the two ends read the stream differently.
    pub fn is_framing(&self) -> bool {
        match self {
            WireError::Ajp(error) => error.is_framing(),
            WireError::Http(_) => true,
        }
    }

    /// Whether a part of the answer is used up already (F-10).
    pub(crate) fn is_late(&self) -> bool {
        *self == WireError::Ajp(rjk_ajp::ProtocolError::HeadersAfterBody)
    }

    /// Whether the connection ended within a piece.
    pub(crate) fn is_cut(&self) -> bool {
        match self {
            WireError::Ajp(error) => {
                matches!(error, rjk_ajp::ProtocolError::TruncatedPacket { .. })
            }
            WireError::Http(error) => error.is_early_end(),
        }
    }

    /// What the operator can do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            WireError::Ajp(error) if error.foreign().is_some() => {
                "set port of the worker to Tomcat's AJP connector, or protocol = \"http\" in rjk.toml: rjk ping names what listens there"
            }
            WireError::Ajp(_) => {
                "check that the port is Tomcat's AJP connector and that packet sizes match"
            }
            WireError::Http(_) => {
                "check that the port is an HTTP/1.1 connector, and what on that worker writes its answers"
            }
        }
    }
}
