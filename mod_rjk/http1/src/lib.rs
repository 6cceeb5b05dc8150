//! HTTP/1.1 towards a worker: how a request is written, and the exchange of one request, without I/O.
//!
//! The twin of `rjk-ajp`. The caller owns the connection. It feeds received bytes to
//! [`Exchange::step`] and does what each [`Action`](rjk_message::Action) says, and sends of the
//! request body what [`Exchange::push`] allows. The worker counts as hostile: every malformed byte
//! ends in an error, none in a panic.
//!
//! A response has one meaning or none. Where RFC 9112 leaves it to the recipient to repair a message
//! (a bare LF, a folded line, two equal lengths, a length beside a transfer coding), this one does
//! not: Tomcat, Jetty and Undertow send none of it, and a repair is what makes two readers differ.
//! The limits are 8 KiB for a line, 200 fields and 64 KiB for a head, 16 KiB for trailers, 4 KiB for
//! the extensions of a chunk, and 10 interim responses.
#![forbid(unsafe_code)]

mod body;
mod error;
pub mod exchange;
mod facts;
pub mod request;
mod response;

pub use error::{Part, ProtocolError};
pub use exchange::{Exchange, Expected, ROOM, Step};
