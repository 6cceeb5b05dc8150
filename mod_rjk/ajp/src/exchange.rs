//! One request and its response as a state machine: it sees packets and says what to do.

use crate::response::{Packet, ProtocolError};
use crate::wire::PacketSize;
use rjk_message::{Action, BodyLength, BodyQuota, ResponseHead};

/// The exchange of one forward request, from the moment it was sent. A retry needs a new one.
#[derive(Clone, Debug)]
pub struct Exchange {
    body: BodyLength,
    head_request: bool,
    max: PacketSize,
    body_sent: u64,
    body_requested: bool,
    /// How often Tomcat was told that the body has ended.
    body_ends: u32,
    phase: Phase,
}

impl Exchange {
    /// Starts an exchange; `head_request` says that the method is HEAD.
    pub fn new(body: BodyLength, head_request: bool, max: PacketSize) -> Self {
        Exchange {
            body,
            head_request,
            max,
            body_sent: 0,
            body_requested: false,
            body_ends: 0,
            phase: Phase::AwaitHead,
        }
    }

    /// Bytes of the first body packet, which follows the forward request without being asked for
    /// (BD-01); `None` if Tomcat does not expect one (BD-03).
    pub fn eager_body(&self) -> Option<usize> {
        match self.body {
            BodyLength::None | BodyLength::Known(0) | BodyLength::Chunked => None,
            BodyLength::Known(length) => Some(at_most(length, self.max.max_body())),
        }
    }

    /// Tells that this many body bytes were sent to Tomcat.
    pub fn body_sent(&mut self, bytes: usize) {
        self.body_sent = self
            .body_sent
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Tells that [`END_OF_BODY`](crate::wire::END_OF_BODY) was sent to Tomcat (BD-05).
    pub fn body_ended(&mut self) {
        self.body_ends += 1;
    }

    /// Takes a packet from Tomcat.
    ///
    /// # Errors
    /// [`ProtocolError`] if the packet does not belong here. The exchange is then over: the
    /// connection must be closed.
    pub fn on_packet<'a>(&mut self, packet: Packet<'a>) -> Result<Action<'a>, ProtocolError> {
        if self.finished() {
            return Err(ProtocolError::PacketAfterEnd);
        }
        match packet {
            Packet::Headers(head) => self.on_headers(head),
            Packet::BodyChunk(data) => self.on_body_chunk(data),
            Packet::End { reuse } => self.on_end(reuse),
            // Each answer costs a packet and brings another question: without a limit, for ever.
            Packet::GetBody(_) if self.body_ends >= MOST_ENDS => {
                Err(ProtocolError::BodyAskedAfterEnd)
            }
            Packet::GetBody(wanted) => {
                self.body_requested = true;
                Ok(Action::SendBody(self.quota(wanted)))
            }
            Packet::Cpong => Err(ProtocolError::UnexpectedCpong),
        }
    }

    /// Whether the headers arrived.
    pub fn head_received(&self) -> bool {
        self.phase != Phase::AwaitHead
    }

    /// Whether Tomcat asked for more of the body; the first packet alone cannot be replayed then
    /// (BD-06).
    pub fn body_requested(&self) -> bool {
        self.body_requested
    }

    /// Whether END_RESPONSE arrived.
    pub fn finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    fn on_headers<'a>(&mut self, head: ResponseHead) -> Result<Action<'a>, ProtocolError> {
        match self.phase {
            Phase::AwaitHead => {
                self.phase = Phase::Head;
                Ok(Action::Head(head))
            }
            Phase::Head => Err(ProtocolError::HeadersRepeated),
            Phase::Body => Err(ProtocolError::HeadersAfterBody),
            Phase::Finished => Err(ProtocolError::PacketAfterEnd),
        }
    }

    fn on_body_chunk<'a>(&mut self, data: &'a [u8]) -> Result<Action<'a>, ProtocolError> {
        match (self.head_received(), data.is_empty()) {
            (false, true) => Ok(Action::Nothing),
            (false, false) => Err(ProtocolError::BodyBeforeHeaders { len: data.len() }),
            (true, true) => Ok(Action::Flush),
            (true, false) => {
                self.phase = Phase::Body;
                // RS-09: the answer to HEAD has no body, but it need not wait for Tomcat's end.
                Ok(if self.head_request {
                    Action::Flush
                } else {
                    Action::Body(data)
                })
            }
        }
    }

    fn on_end<'a>(&mut self, reuse: bool) -> Result<Action<'a>, ProtocolError> {
        if !self.head_received() {
            return Err(ProtocolError::EndBeforeHeaders);
        }
        self.phase = Phase::Finished;
        // CP-08: Tomcat would take the next forward request for the body packet that it expects.
        let owes_body = self.eager_body().is_some() && self.body_sent == 0;
        Ok(Action::Finish {
            reuse: reuse && !owes_body,
        })
    }

    /// BD-04.
    fn quota(&self, wanted: u16) -> BodyQuota {
        let max_body = self.max.max_body();
        match self.body {
            BodyLength::Chunked => BodyQuota {
                at_least: max_body - CHUNK_OVERHEAD,
                at_most: max_body,
            },
            BodyLength::None | BodyLength::Known(_) => {
                let remaining = self.body.declared().saturating_sub(self.body_sent);
                // A worker that wants no byte asks all the same: no bytes would tell it that the
                // body has ended.
                let wanted = usize::from(wanted.max(1));
                let bytes = at_most(remaining, max_body.min(wanted));
                BodyQuota {
                    at_least: bytes,
                    at_most: bytes,
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No headers yet.
    AwaitHead,
    /// Headers, but no body data.
    Head,
    /// Body data.
    Body,
    /// END_RESPONSE.
    Finished,
}

/// Tomcat asks once after the end of a body; so often it may.
const MOST_ENDS: u32 = 8;

/// So close to a full packet, reading on from a chunked body is not worth a wait.
const CHUNK_OVERHEAD: usize = 12;

fn at_most(length: u64, limit: usize) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX).min(limit)
}

#[cfg(test)]
mod tests;
