//! One request and its response as a state machine: it sees bytes and says what to do.

mod upload;

use crate::error::ProtocolError;
use rjk_message::{Action, BodyLength, BodyQuota};
use std::time::Duration;
use upload::Upload;

pub use upload::ROOM;

/// What was asked, as far as the answer depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// How the request body is framed.
    pub body: BodyLength,
    /// The method is HEAD: the answer has no body.
    pub head_request: bool,
    /// `Expect: 100-continue` was sent: the body waits for the worker's word.
    pub awaits_continue: bool,
    /// `Upgrade: websocket` was sent: the worker may answer 101.
    pub upgrade: bool,
}

/// What the start of a buffer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Not yet a whole piece.
    Incomplete {
        /// How large the buffer should be before it is worth trying again; always more than what is
        /// there.
        needed: usize,
    },
    /// A whole piece.
    Complete {
        /// What it asks for.
        action: Action<'a>,
        /// Its bytes, 0 for an end that shows in nothing; the next piece starts behind them.
        consumed: usize,
    },
}

/// The exchange of one request, from the moment its head was sent. A retry needs a new one.
#[derive(Clone, Debug)]
pub struct Exchange {
    upload: Upload,
}

impl Exchange {
    /// Starts an exchange.
    pub fn new(expected: Expected) -> Exchange {
        Exchange {
            upload: Upload::new(expected.body, expected.awaits_continue),
        }
    }

    /// Bytes of the body that go out together with the head: all of a known length, up to 64 KiB.
    /// `None` if there are none, if their number is unknown or the worker speaks first.
    pub fn eager_body(&self) -> Option<usize> {
        self.upload.eager()
    }

    /// Tells that this many bytes of a body of known length were sent as they are, beside
    /// [`seal`](Self::seal).
    pub fn body_sent(&mut self, bytes: usize) {
        self.upload.count(bytes);
    }

    /// What of the body may be sent now, without waiting for the worker. `None` when all was sent,
    /// while the worker has to speak first, and when it has answered and does not want the rest.
    ///
    /// A body of unknown length goes on until [`end_body`](Self::end_body).
    pub fn push(&self) -> Option<BodyQuota> {
        self.upload.quota()
    }

    /// The wait for 100 is over, because it took too long: the body goes (RFC 9110 §10.1.1).
    pub fn stop_awaiting(&mut self) {
        self.upload.release();
    }

    /// Whether the body waits for 100.
    pub fn awaits_continue(&self) -> bool {
        self.upload.is_held()
    }

    /// Turns a buffer whose first [`ROOM`] bytes are free, and whose rest is a part of the body, into
    /// what is sent, and counts it: a chunk if the length is unknown, otherwise the bytes alone.
    ///
    /// Without a body part nothing is sent. Bytes beyond a known length are left out: the worker
    /// would take them for another request.
    pub fn seal<'p>(&mut self, packet: &'p mut Vec<u8>) -> &'p [u8] {
        self.upload.seal(packet)
    }

    /// What ends the body: the last chunk, or nothing. A known length that was not reached is the
    /// caller's failure: the connection must be closed.
    pub fn end_body(&mut self) -> &'static [u8] {
        self.upload.end()
    }

    /// Takes the next piece at the start of what was received.
    ///
    /// # Errors
    /// [`ProtocolError`] as soon as the bytes cannot be an answer to this request. The exchange is
    /// then over: the connection must be closed.
    pub fn step<'a>(&mut self, _pending: &'a [u8]) -> Result<Step<'a>, ProtocolError> {
        Err(ProtocolError::AfterEnd)
    }

    /// Tells that the worker ended the connection, with so many bytes that no step has used: the end
    /// of a body without a stated length.
    ///
    /// # Errors
    /// [`ProtocolError`] if anything is missing.
    pub fn at_end(&mut self, _pending: usize) -> Result<Action<'static>, ProtocolError> {
        self.upload.stop();
        Err(ProtocolError::AfterEnd)
    }

    /// Whether the head of the final response arrived.
    pub fn head_received(&self) -> bool {
        false
    }

    /// Whether the response is complete, or the connection a tunnel.
    pub fn finished(&self) -> bool {
        false
    }

    /// How long the worker keeps the idle connection: what `Keep-Alive: timeout=` says, less a
    /// second for the way. `None` if it says nothing.
    pub fn kept_for(&self) -> Option<Duration> {
        None
    }
}
