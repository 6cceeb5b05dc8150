//! HTTP/1.1 towards a worker: how a request is written, and the exchange of one request, without I/O.
//!
//! The twin of `rjk-ajp`. The caller owns the connection. The worker counts as hostile: every
//! malformed byte ends in an error, none in a panic.
#![forbid(unsafe_code)]

mod body;
mod error;
pub mod exchange;
mod facts;
pub mod request;
mod response;

pub use error::{Part, ProtocolError};
pub use exchange::{Exchange, Expected, ROOM, Step};
