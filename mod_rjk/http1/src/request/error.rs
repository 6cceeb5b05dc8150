//! What keeps a request from being written.

use thiserror::Error;

/// A request that cannot be written in HTTP/1.1 without the risk that the worker reads another one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The method is not a token (RFC 9110 §9.1).
    #[error("the method '{method}' is not a token")]
    Method {
        /// Its beginning, escaped.
        method: String,
    },
    /// CONNECT asks for a tunnel, which a worker is no end of: a response to it has no body.
    #[error("the method CONNECT is not for a worker")]
    Connect,
    /// The path is none, or one that could be read in two ways.
    #[error("the request target '{target}' {reason}")]
    Target {
        /// Its beginning, escaped.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no host that could be named to the worker.
    #[error("the host '{host}' {reason}")]
    Host {
        /// Its beginning, escaped.
        host: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header name is not a token (RFC 9110 §5.6.2).
    #[error("the header name '{name}' is not a token")]
    Name {
        /// Its beginning, escaped.
        name: String,
    },
    /// A header value contains a control character other than the tab (RFC 9110 §5.5).
    #[error("the value of header '{name}' contains byte {byte:#04x}")]
    Value {
        /// Name of the header.
        name: String,
        /// The first such byte.
        byte: u8,
    },
}

impl RequestError {
    /// The status that the client is answered with.
    pub fn status(&self) -> u16 {
        400
    }
}

/// As much of it as a log line needs.
pub(super) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 80;
    let mut text = bytes
        .get(..MOST)
        .unwrap_or(bytes)
        .escape_ascii()
        .to_string();
    if bytes.len() > MOST {
        text.push_str("...");
    }
    text
}
