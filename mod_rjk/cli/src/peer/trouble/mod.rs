//! Why a peer gave no answer, in words, and what can be done about it.

mod meaning;
mod remedy;
#[cfg(test)]
mod tests;
mod tls;

use super::foreign::Foreign;
use super::target::Scheme;
use rjk_ajp::RequestTooLarge;
use rjk_proxy::job::wire::WireError;
use rjk_proxy::way::exhaustion::Exhaustion;
use rjk_proxy::way::tls::TlsError;
use serde::Serialize;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// Why there was no answer, or only a part of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The resolver does not know it.
    #[error("host {host:?} has no address: {error}")]
    UnknownHost {
        /// Its name.
        host: String,
        /// What the resolver says.
        error: io::Error,
    },
    /// RST in answer to SYN.
    #[error("the connection was refused")]
    Refused(Scheme),
    /// Nothing in answer to SYN.
    #[error("no answer to the attempt to connect within {0:?}")]
    Filtered(Duration),
    /// A router or a firewall says no.
    #[error("there is no way to it: {0}")]
    Unreachable(io::Error),
    /// This host says no.
    #[error("this host does not allow the connection: {0}")]
    Forbidden(io::Error),
    /// This host ran out of something.
    #[error("this host is out of {}", exhausted(*.0))]
    Exhausted(Exhaustion),
    /// It could not be opened for another reason.
    #[error("the connection could not be opened: {0}")]
    NotOpened(io::Error),
    /// A unix socket could not be connected to.
    #[error("{error}; {seen}")]
    Socket {
        /// What connect(2) says.
        error: io::Error,
        /// What the file system says of it.
        seen: String,
    },
    /// TLS did not come about, or broke.
    #[error("{0}")]
    Tls(TlsError),
    /// Another protocol.
    #[error("{0}")]
    Foreign(Foreign),
    /// It took the connection and did not answer the probe.
    #[error("it takes the connection and says nothing: no {} within {limit:?}", sign(*.scheme))]
    Silent {
        /// What was spoken.
        scheme: Scheme,
        /// So long.
        limit: Duration,
    },
    /// It took the connection and gave it up at the probe.
    #[error("it takes the connection and closes it at once, without {}", a_sign(*.0))]
    ClosedAtOnce(Scheme),
    /// The same with a reset.
    #[error("it takes the connection and resets it at once, without {}", a_sign(*.0))]
    ResetAtOnce(Scheme),
    /// Something else than CPONG, in packets of AJP.
    #[error("it answers CPING with something else: {0}")]
    NoCpong(String),
    /// An answer to a probe over HTTP, and the end of the connection.
    #[error("it answers HEAD, and ends the connection with the answer")]
    EndsConnection,
    /// A request that fits into no packet.
    #[error("{0}")]
    TooLarge(RequestTooLarge),
    /// A request that cannot be written.
    #[error("{0}")]
    Unwritable(String),
    /// It did not take the request.
    #[error("{}, and did not take the request: {error}", lead(*.scheme))]
    NotTaken {
        /// What was spoken.
        scheme: Scheme,
        /// What the socket says.
        error: io::Error,
    },
    /// It closed before it answered.
    #[error("{}, and closes the connection without an answer to the request", lead(*.0))]
    ClosedUnanswered(Scheme),
    /// The same with a reset.
    #[error("{}, and resets the connection instead of answering the request", lead(*.0))]
    ResetUnanswered(Scheme),
    /// It did not answer in time.
    #[error("{}, and not the request within {limit:?}", slow_lead(*.scheme))]
    Slow {
        /// What was spoken.
        scheme: Scheme,
        /// So long.
        limit: Duration,
    },
    /// It closed or reset in the middle.
    #[error("the response broke off in the middle: {0}")]
    BrokeOff(String),
    /// It stopped in the middle.
    #[error("the response stopped in the middle: {} within {limit:?}", no_more(*.scheme))]
    Stalled {
        /// What was spoken.
        scheme: Scheme,
        /// So long.
        limit: Duration,
    },
    /// A packet that is larger than ours may be.
    #[error("it sends a packet of {len} bytes, and the limit is {limit}")]
    PacketTooLarge {
        /// As announced.
        len: usize,
        /// As allowed.
        limit: usize,
    },
    /// What it sends is wrong.
    #[error("{}", garbage(.0))]
    Garbage(WireError),
    /// A body of another length than announced.
    #[error("Content-Length of the response announced {announced} bytes, {arrived} arrived")]
    WrongLength {
        /// Content-Length.
        announced: u64,
        /// Bytes so far.
        arrived: u64,
    },
    /// All else.
    #[error("{0}")]
    Other(String),
}

/// What was asked, as far as a failure needs it to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// What was spoken.
    pub(super) scheme: Scheme,
    /// How long the phase may take.
    pub(super) limit: Duration,
    /// What came and was not understood.
    pub(super) unread: &'a [u8],
}

/// The same as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    kind: &'static str,
    message: String,
    remedy: &'static str,
}

fn exhausted(exhaustion: Exhaustion) -> &'static str {
    match exhaustion {
        Exhaustion::Descriptors => "file descriptors for this process",
        other => other.what(),
    }
}

/// What a probe waits for.
fn sign(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Ajp => "CPONG",
        Scheme::Http | Scheme::Https => "answer to HEAD",
    }
}

fn a_sign(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Ajp => "a CPONG",
        Scheme::Http | Scheme::Https => "an answer to HEAD",
    }
}

/// What was well until then.
fn lead(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Ajp => "it answers CPING",
        Scheme::Http => "it takes the connection",
        Scheme::Https => "it agrees on TLS",
    }
}

fn slow_lead(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Ajp => "it answers CPING",
        Scheme::Http => "it takes the connection, answers nothing",
        Scheme::Https => "it agrees on TLS, answers nothing",
    }
}

fn no_more(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Ajp => "no whole packet",
        Scheme::Http | Scheme::Https => "nothing more",
    }
}

fn garbage(error: &WireError) -> String {
    match error {
        WireError::Ajp(error) => format!("its answer is not AJP: {error}"),
        WireError::Http(error) => format!("its answer is no sound HTTP/1.1: {error}"),
    }
}

impl Trouble {
    /// A word for scripts; it never changes.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Trouble::UnknownHost { .. } => "unknown_host",
            Trouble::Refused(_) => "refused",
            Trouble::Filtered(_) => "filtered",
            Trouble::Unreachable(_) => "unreachable",
            Trouble::Forbidden(_) => "forbidden",
            Trouble::Exhausted(_) => "exhausted",
            Trouble::NotOpened(_) => "not_opened",
            Trouble::Socket { error, .. } => match error.kind() {
                ErrorKind::NotFound => "no_socket",
                ErrorKind::ConnectionRefused => "refused",
                ErrorKind::PermissionDenied => "forbidden",
                ErrorKind::TimedOut => "filtered",
                _ => "not_opened",
            },
            Trouble::Tls(error) => tls::word(error),
            Trouble::Foreign(foreign) => foreign.word(),
            Trouble::Silent { .. } => "silent",
            Trouble::ClosedAtOnce(_) | Trouble::ResetAtOnce(_) => "closed_at_once",
            Trouble::NoCpong(_) => "no_cpong",
            Trouble::EndsConnection => "ends_connection",
            Trouble::TooLarge(_) => "request_too_large",
            Trouble::Unwritable(_) => "request_unwritable",
            Trouble::NotTaken { .. } => "not_taken",
            Trouble::ClosedUnanswered(_) | Trouble::ResetUnanswered(_) => "closed_unanswered",
            Trouble::Slow { .. } => "slow",
            Trouble::BrokeOff(_) => "broke_off",
            Trouble::Stalled { .. } => "stalled",
            Trouble::PacketTooLarge { .. } => "packet_too_large",
            Trouble::Garbage(_) => "garbage",
            Trouble::WrongLength { .. } => "wrong_length",
            Trouble::Other(_) => "other",
        }
    }

    /// As JSON.
    pub(super) fn record(&self) -> Record {
        Record {
            kind: self.word(),
            message: self.to_string(),
            remedy: self.remedy(),
        }
    }

    /// Whether no peer has anything to do with it: nothing was sent.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Trouble::TooLarge(_) | Trouble::Unwritable(_))
    }

    /// Whether the peer went away without a word: it may speak something else.
    pub(super) fn is_wordless(&self) -> bool {
        let closed = matches!(
            self,
            Trouble::ClosedAtOnce(_)
                | Trouble::ResetAtOnce(_)
                | Trouble::ClosedUnanswered(Scheme::Http)
                | Trouble::ResetUnanswered(Scheme::Http)
                | Trouble::Tls(TlsError::Closed)
        );
        let reset = |error: &io::Error| error.kind() == ErrorKind::ConnectionReset;
        closed || matches!(self, Trouble::Tls(TlsError::Io(error)) if reset(error))
    }
}
