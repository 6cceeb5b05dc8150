//! TLS to a worker, by the system's OpenSSL and what the system's policy allows with it.
//!
//! No list of ciphers and no version is set here: what openssl.cnf or the crypto policy of the host says
//! holds. Without the feature `tls` the same names are here, and [`TlsContext::load`] is an error.
//!
//! httpd's mod_ssl works with the same library on the same threads. The library keeps a queue of errors
//! for each thread, and takes what it finds there for the reason of the next failure: every call here
//! begins and ends with an empty one.

mod agreed;
mod configured;
mod error;
mod expiry;
mod setup_error;

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod certificate;
#[cfg(feature = "tls")]
mod context;
#[cfg(feature = "tls")]
mod files;
#[cfg(feature = "tls")]
mod link;
#[cfg(feature = "tls")]
mod note;
#[cfg(feature = "tls")]
mod queue;
#[cfg(feature = "tls")]
mod reason;
#[cfg(feature = "tls")]
mod resumption;
#[cfg(feature = "tls")]
mod sessions;
#[cfg(feature = "tls")]
mod stream;

#[cfg(not(feature = "tls"))]
pub use absent::{Resume, Sessions, TlsContext, TlsStream};
pub use agreed::TlsAgreed;
#[cfg(feature = "tls")]
pub use context::TlsContext;
pub use error::TlsError;
pub use expiry::{Expiry, Owner, ends};
#[cfg(feature = "tls")]
pub use resumption::{Resume, Resumption};
#[cfg(feature = "tls")]
pub use sessions::Sessions;
pub use setup_error::TlsSetupError;
#[cfg(feature = "tls")]
pub use stream::TlsStream;

/// Whether this build speaks TLS with workers.
pub const AVAILABLE: bool = cfg!(feature = "tls");
