//! What can be wrong with the files that rjk.toml names for TLS.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why TLS with a worker cannot be set up: the file and the reason.
#[derive(Debug, Error)]
pub enum TlsSetupError {
    /// This build has no TLS.
    #[error("this build of mod_rjk has no TLS: it needs the feature tls")]
    NotBuilt,
    /// It cannot be read.
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// It is a folder, or a device.
    #[error("{} is not a file", file.display())]
    NotAFile {
        /// What was named.
        file: PathBuf,
    },
    /// Nothing in it begins as PEM does.
    #[error("{} is not PEM: it has no line \"-----BEGIN\"", file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
    },
    /// It is PEM, but without a certificate.
    #[error("{} has no certificate in it, but {found}", file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
        /// What it has.
        found: String,
    },
    /// It is PEM, but without a key.
    #[error("{} has no private key in it, but {found}", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
        /// What it has.
        found: String,
    },
    /// What is between the lines of PEM is not what they say.
    #[error("{} is damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What OpenSSL says.
        reason: String,
    },
    /// The key has a passphrase.
    #[error(
        "the key {} is encrypted, and nobody can be asked for its passphrase",
        file.display()
    )]
    Encrypted {
        /// The file.
        file: PathBuf,
    },
    /// Everybody on this host can take the key.
    #[error("the key {} can be read by anybody (mode {mode:04o})", file.display())]
    OpenKey {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The two do not belong together.
    #[error("the key {} does not belong to the certificate {}", key.display(), cert.display())]
    WrongKey {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// OpenSSL refuses one of them.
    #[error("OpenSSL refuses {}: {reason}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// What OpenSSL says.
        reason: String,
    },
    /// OpenSSL itself cannot be set up.
    #[error("OpenSSL cannot be set up: {0}")]
    OpenSsl(String),
}

impl TlsSetupError {
    /// The file that is to blame.
    pub fn file(&self) -> Option<&Path> {
        match self {
            TlsSetupError::NotBuilt | TlsSetupError::OpenSsl(_) => None,
            TlsSetupError::Unreadable { file, .. }
            | TlsSetupError::NotAFile { file }
            | TlsSetupError::NotPem { file }
            | TlsSetupError::NoCertificate { file, .. }
            | TlsSetupError::NoKey { file, .. }
            | TlsSetupError::Damaged { file, .. }
            | TlsSetupError::Encrypted { file }
            | TlsSetupError::OpenKey { file, .. }
            | TlsSetupError::WrongKey { key: file, .. }
            | TlsSetupError::Refused { file, .. } => Some(file),
        }
    }

    /// Whether only this user may not read it.
    pub fn is_denied(&self) -> bool {
        matches!(self, TlsSetupError::Unreadable { error, .. } if error.kind() == io::ErrorKind::PermissionDenied)
    }

    /// What the operator can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            TlsSetupError::NotBuilt => "build it with the feature tls, or take tls away",
            TlsSetupError::Unreadable { .. } | TlsSetupError::NotAFile { .. } => {
                "name a file that is there and that httpd's first process, root, can read"
            }
            TlsSetupError::NotPem { .. } => {
                "convert it: openssl x509 or openssl pkey, with -inform DER and -outform PEM"
            }
            TlsSetupError::NoCertificate { .. } => "name the file of the certificate",
            TlsSetupError::NoKey { .. } => "name the file of the key",
            TlsSetupError::Damaged { .. } => "copy it anew",
            TlsSetupError::Encrypted { .. } => {
                "store it without one, readable by root only: openssl pkey -in OLD -out NEW"
            }
            TlsSetupError::OpenKey { .. } => "take it from others, chmod o-rwx FILE",
            TlsSetupError::WrongKey { .. } => {
                "name the two that belong together; the file of cert begins with its own certificate, its chain follows"
            }
            TlsSetupError::Refused { .. } => {
                "give it a kind of key and a signature that this host's crypto policy allows"
            }
            TlsSetupError::OpenSsl(_) => "see this host's openssl.cnf",
        }
    }
}
