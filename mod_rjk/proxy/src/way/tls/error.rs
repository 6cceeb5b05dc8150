//! Each way in which TLS with a worker can fail, and what can be done about it.

use std::io;
use thiserror::Error;

/// Why TLS with a worker failed. Names that come from the worker are fit for a line of a log.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The socket failed.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// The handshake was not done in time.
    #[error("the TLS handshake was not done in time")]
    TimedOut,
    /// The worker closed the connection in the handshake, without a word.
    #[error("the worker closed the connection within the TLS handshake")]
    Closed,
    /// The connection ended without the message that ends TLS: what came may not be all.
    #[error("the connection was cut off: TLS did not end as it has to")]
    Truncated,
    /// Nobody that is trusted stands for the worker's certificate.
    #[error(
        "the certificate of the worker, {subject}, was issued by {issuer}, which is not trusted"
    )]
    UnknownCa {
        /// Whose certificate it is.
        subject: String,
        /// Who issued it, or the last one of its chain.
        issuer: String,
    },
    /// The worker's certificate stands for itself, and is not trusted.
    #[error("the certificate of the worker, {subject}, is self-signed and not trusted")]
    SelfSigned {
        /// Whose certificate it is.
        subject: String,
    },
    /// The certificate is somebody else's.
    #[error(
        "the certificate of the worker is not for {wanted} but for {}",
        listed(names)
    )]
    WrongName {
        /// The name or address that was asked for.
        wanted: String,
        /// Those that the certificate has.
        names: Vec<String>,
    },
    /// A certificate is no longer valid.
    #[error("the certificate of {subject} expired at {since}")]
    Expired {
        /// Whose certificate it is.
        subject: String,
        /// Since when.
        since: String,
    },
    /// A certificate is not valid yet.
    #[error("the certificate of {subject} is valid from {from} on only")]
    NotYetValid {
        /// Whose certificate it is.
        subject: String,
        /// From when on it is.
        from: String,
    },
    /// The certificate cannot be taken for another reason.
    #[error("the certificate of {subject} was refused: {reason}")]
    Unverified {
        /// Whose certificate it is.
        subject: String,
        /// What OpenSSL says.
        reason: String,
    },
    /// The worker asks for a certificate, and there is none to show.
    #[error("the worker wants a client certificate")]
    CertificateWanted,
    /// The worker refuses the certificate that it was shown.
    #[error("the worker refused our client certificate ({alert})")]
    CertificateRefused {
        /// The alert that it sent.
        alert: &'static str,
    },
    /// The worker speaks HTTP in clear text.
    #[error("the worker answers in plain HTTP, not in TLS")]
    PlainHttp,
    /// The worker speaks AJP.
    #[error("the worker answers in AJP, not in TLS")]
    PlainAjp,
    /// The worker speaks something else.
    #[error("what the worker sends is not TLS; it begins with \"{}\"", began.escape_ascii())]
    NotTls {
        /// The first bytes of it.
        began: Vec<u8>,
    },
    /// No version of TLS that both ends allow.
    #[error("the worker and this host have no version of TLS in common")]
    NoCommonVersion,
    /// No way of encryption that both ends allow.
    #[error("the worker and this host have no cipher suite, group or signature in common")]
    NoCommonCipher,
    /// The worker knows no host of that name.
    #[error("the worker knows no host {name}")]
    UnknownHost {
        /// The name that it was told.
        name: String,
    },
    /// The worker ended it for a reason that is its own.
    #[error("the worker ended TLS with the alert {0}")]
    Alert(&'static str),
    /// What OpenSSL says of it.
    #[error("TLS failed: {0}")]
    Other(String),
}

impl TlsError {
    /// What TLS says in an error of a stream, if it is TLS that failed.
    pub fn of(error: &io::Error) -> Option<&TlsError> {
        error.get_ref()?.downcast_ref()
    }

    /// The same, if it is.
    pub fn from_io(error: io::Error) -> Option<TlsError> {
        Some(*error.into_inner()?.downcast().ok()?)
    }

    /// Whether an error of a stream says that the worker refused who we are: of what it was sent it looked
    /// at nothing.
    pub fn is_refusal(error: &io::Error) -> bool {
        let error = TlsError::of(error);
        error.is_some_and(|error| {
            matches!(
                error,
                TlsError::CertificateWanted | TlsError::CertificateRefused { .. }
            )
        })
    }

    /// What the operator can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            TlsError::Io(_) => "check that Tomcat runs and that its port is reachable",
            TlsError::TimedOut => {
                "raise socket_connect_timeout, or see why the worker takes so long; check that the port is its HTTPS connector"
            }
            TlsError::Closed => {
                "check that the port is an HTTPS connector of the worker, not an AJP one, and see the worker's log"
            }
            TlsError::Truncated => "see the worker's log, and what is between it and this host",
            TlsError::UnknownCa { .. } => {
                "name a file with the certificate of that issuer as ca in the tls of the worker in rjk.toml"
            }
            TlsError::SelfSigned { .. } => {
                "name a file with that certificate as ca in the tls of the worker in rjk.toml"
            }
            TlsError::WrongName { .. } => {
                "set server_name in the tls of the worker in rjk.toml to a name that the certificate has, or give the worker a certificate for its host"
            }
            TlsError::Expired { .. } => "renew it on the worker, or the CA above it",
            TlsError::NotYetValid { .. } => "see the clocks of this host and of the worker",
            TlsError::Unverified { .. } => {
                "give the worker a certificate that a server may have and that this host's crypto policy allows"
            }
            TlsError::CertificateWanted => {
                "set cert and key in the tls of the worker in rjk.toml, to a certificate that the worker trusts"
            }
            TlsError::CertificateRefused { .. } => {
                "set cert and key in the tls of the worker in rjk.toml to a certificate that is valid and that the worker's truststore knows"
            }
            TlsError::PlainHttp => {
                "set port to the worker's HTTPS connector, or leave tls out in rjk.toml"
            }
            TlsError::PlainAjp => {
                "set port in rjk.toml to the worker's HTTPS connector, not to its AJP one"
            }
            TlsError::NotTls { .. } => "set port to the worker's HTTPS connector",
            TlsError::NoCommonVersion | TlsError::NoCommonCipher => {
                "see sslEnabledProtocols and ciphers of the worker's connector, its certificate's kind of key, and this host's crypto policy"
            }
            TlsError::UnknownHost { .. } => {
                "set server_name in the tls of the worker in rjk.toml to a host of its connector"
            }
            TlsError::Alert(_) | TlsError::Other(_) => {
                "see the worker's log; its connector and this host's OpenSSL do not agree"
            }
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            TlsError::Io(error) => error.kind(),
            TlsError::TimedOut => io::ErrorKind::TimedOut,
            TlsError::Closed => io::ErrorKind::ConnectionAborted,
            TlsError::Truncated => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        }
    }
}

/// What the socket said stays what it said, so that it is known what this host ran out of.
impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> io::Error {
        match error {
            TlsError::Io(error) => error,
            error => io::Error::new(error.kind(), error),
        }
    }
}

fn listed(names: &[String]) -> String {
    /// More of them help nobody.
    const MOST: usize = 8;
    if names.is_empty() {
        return "no name at all".to_owned();
    }
    let mut list = names
        .iter()
        .take(MOST)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        list.push_str(&format!(" and {} more", names.len() - MOST));
    }
    list
}
