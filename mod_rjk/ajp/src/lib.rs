//! AJP/1.3 packets and the exchange of one request, without I/O.
//!
//! The caller owns the socket. It sends what [`request::encode`] wrote, feeds received bytes
//! to [`next_frame`] and each packet to [`Exchange::on_packet`], and does what the [`Action`](rjk_message::Action) says.
//! The backend counts as hostile: every malformed byte ends in a [`ProtocolError`], none in a panic.
#![forbid(unsafe_code)]

mod attributes;
mod error;
pub mod exchange;
mod head;
mod reader;
pub mod request;
pub mod response;
pub mod wire;
mod writer;

pub use exchange::Exchange;
pub use request::RequestTooLarge;
pub use response::{Frame, Packet, ProtocolError, next_frame};
pub use wire::{BROKEN_BODY, CPING, END_OF_BODY, PacketSize, body_header};
