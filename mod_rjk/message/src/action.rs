//! What a protocol asks of whoever carries an exchange.

use crate::response::ResponseHead;

/// What the caller has to do for a piece that the backend sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Keep this head until the next action that concerns the client.
    Head(ResponseHead),
    /// Pass this part of the body on; never empty.
    Body(&'a [u8]),
    /// Let the client have what was passed on so far (RS-11).
    Flush,
    /// Send the next part of the request body (BD-04).
    SendBody(BodyQuota),
    /// The response is complete (RS-13).
    Finish {
        /// Whether the connection may go back to the pool.
        reuse: bool,
    },
    /// Fields that announce the answer (103); may be passed on at once.
    Hint(ResponseHead),
    /// The backend wants the request body (100), of interest to a client that waits for it.
    Continue,
    /// The backend agreed to another protocol (101): the connection is a tunnel from here on, and
    /// the bytes behind this piece are the tunnel's.
    Switch(ResponseHead),
    /// Nothing.
    Nothing,
}

/// How many body bytes the next piece to the backend takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyQuota {
    /// Read from the client until there are this many, or its body ends.
    pub at_least: usize,
    /// Send no more than this; if it is 0, or the body has ended, send the end of the body (BD-05).
    pub at_most: usize,
}
