//! A request whose connection goes on in another protocol, when the request itself is done.

use crate::tunnel::{TunnelLimits, TunnelPlace};
use crate::way::connection::Connection;
use bstr::BString;
use rjk_balance::Afterwards;
use rjk_message::ResponseHead;

/// What a request needs that may open a WebSocket, before a worker is asked.
pub(crate) struct Admission {
    /// Its place among the worker's.
    pub(crate) _place: TunnelPlace,
    /// What will end it.
    pub(crate) limits: TunnelLimits,
}

/// The worker agreed.
pub(crate) struct Agreed {
    /// What it said.
    pub(crate) head: ResponseHead,
    pub(crate) admission: Admission,
}

/// A connection that its client is to be joined with. It holds no place of a pool, and the worker is
/// not busy with it.
pub(crate) struct Switched {
    /// Name of the worker.
    pub(crate) worker: BString,
    pub(crate) connection: Connection,
    pub(crate) agreed: Agreed,
    /// Where its bytes are counted.
    pub(crate) afterwards: Option<Afterwards>,
}
