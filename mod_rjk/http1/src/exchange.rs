//! One request and its response as a state machine: it sees bytes and says what to do.

mod upload;

use crate::body::{Body, Piece};
use crate::error::{Part, ProtocolError};
use crate::response::{Control, Framing, Received, Section};
use rjk_message::{Action, BodyLength, BodyQuota, ResponseHead};
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

/// Interim responses before a final one, as many as httpd's own proxy takes.
const MAX_INTERIM: u32 = 10;

/// The exchange of one request, from the moment its head was sent. A retry needs a new one.
#[derive(Clone, Debug)]
pub struct Exchange {
    upload: Upload,
    head_request: bool,
    upgrade: bool,
    interim: u32,
    /// The final response allows another request on this connection.
    persists: bool,
    kept_for: Option<Duration>,
    head_received: bool,
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    Head(Section),
    Body(Body),
    /// All was received, and the caller does not know yet.
    Ended,
    Finished,
    Broken,
}

impl Exchange {
    /// Starts an exchange.
    pub fn new(expected: Expected) -> Exchange {
        Exchange {
            upload: Upload::new(expected.body, expected.awaits_continue),
            head_request: expected.head_request,
            upgrade: expected.upgrade,
            interim: 0,
            persists: false,
            kept_for: None,
            head_received: false,
            phase: Phase::Head(Section::new(Part::Head)),
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

    /// Takes the next piece at the start of what was received. Bytes behind the end of a response are
    /// never part of one: with any of them there, the connection is of no more use.
    ///
    /// # Errors
    /// [`ProtocolError`] as soon as the bytes cannot be an answer to this request. The exchange is
    /// then over: the connection must be closed.
    pub fn step<'a>(&mut self, pending: &'a [u8]) -> Result<Step<'a>, ProtocolError> {
        let step = match &mut self.phase {
            Phase::Head(section) => match find_head(section, pending) {
                Ok(Some(head)) => self.on_head(head),
                Ok(None) => Ok(Step::Incomplete {
                    needed: pending.len() + Section::MORE,
                }),
                Err(error) => Err(error),
            },
            Phase::Body(body) => body.step(pending).map(|piece| self.on_piece(piece)),
            Phase::Ended => Ok(self.finish(0)),
            Phase::Finished | Phase::Broken => Err(ProtocolError::AfterEnd),
        };
        step.map_err(|error| self.break_off(error))
    }

    /// Tells that the worker ended the connection, with so many bytes that no step has used: the end
    /// of a body without a stated length. Call it when [`step`](Self::step) wants more than there is.
    ///
    /// # Errors
    /// [`ProtocolError`] if anything is missing; see [`is_early_end`](ProtocolError::is_early_end).
    pub fn at_end(&mut self, pending: usize) -> Result<Action<'static>, ProtocolError> {
        self.persists = false;
        let end = match &self.phase {
            Phase::Head(_) if pending == 0 => Err(ProtocolError::EndBeforeHead),
            Phase::Head(_) => Err(ProtocolError::EndInHead { have: pending }),
            Phase::Body(body) => body.at_end(pending),
            Phase::Ended => Ok(()),
            Phase::Finished | Phase::Broken => Err(ProtocolError::AfterEnd),
        };
        match end {
            Ok(()) => Ok(self.end()),
            Err(error) => Err(self.break_off(error)),
        }
    }

    /// Whether the head of the final response arrived, or of the change to a tunnel.
    pub fn head_received(&self) -> bool {
        self.head_received
    }

    /// Whether the response is complete, or the connection a tunnel.
    pub fn finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    /// How long the worker keeps the idle connection: what `Keep-Alive: timeout=` says, less a
    /// second for the way. `None` if it says nothing.
    pub fn kept_for(&self) -> Option<Duration> {
        self.kept_for
    }

    fn on_head<'a>(&mut self, section: &[u8]) -> Result<Step<'a>, ProtocolError> {
        let received = Received::read(section)?;
        let action = match received.head {
            Some(head) if head.status() >= 200 => self.on_final(head, &received.control)?,
            head => self.on_interim(received.status, head, &received.control)?,
        };
        Ok(Step::Complete {
            action,
            consumed: section.len(),
        })
    }

    fn on_interim<'a>(
        &mut self,
        status: u16,
        head: Option<ResponseHead>,
        control: &Control,
    ) -> Result<Action<'a>, ProtocolError> {
        if control.announces_body() {
            return Err(ProtocolError::InterimBody { status });
        }
        if self.interim == MAX_INTERIM {
            return Err(ProtocolError::TooManyInterim { limit: MAX_INTERIM });
        }
        self.interim += 1;
        self.phase = Phase::Head(Section::new(Part::Head));
        match (status, head) {
            (100, _) => {
                self.upload.release();
                Ok(Action::Continue)
            }
            (101, Some(head)) => self.switch(head, control),
            (_, Some(head)) => Ok(Action::Hint(head)),
            (_, None) => Ok(Action::Nothing),
        }
    }

    /// RFC 9110 §7.8.
    fn switch<'a>(
        &mut self,
        head: ResponseHead,
        control: &Control,
    ) -> Result<Action<'a>, ProtocolError> {
        if !self.upgrade {
            return Err(ProtocolError::SwitchUnasked);
        }
        if !control.agrees_on_websocket() {
            return Err(ProtocolError::SwitchElsewhere);
        }
        self.upload.stop();
        self.head_received = true;
        self.phase = Phase::Finished;
        Ok(Action::Switch(head))
    }

    fn on_final<'a>(
        &mut self,
        head: ResponseHead,
        control: &Control,
    ) -> Result<Action<'a>, ProtocolError> {
        let status = head.status();
        let framing = control.framing(status, self.head_request)?;
        self.head_received = true;
        self.kept_for = control.kept_for();
        // A worker that answers before it has the whole request may end it at any moment.
        self.persists = control.persists()
            && framing != Framing::ToEnd
            && !control.may_leave_rest(status)
            && self.upload.is_whole();
        // RFC 9110 §10.1.1, RFC 9112 §9.3: what was refused is not sent, and neither is what was waited with
        // when the answer comes in place of 100: the client will not send it. A worker that answers while
        // it reads gets the rest, also when this answer is the connection's last.
        if self.upload.is_held() || status >= 400 {
            self.upload.stop();
        }
        self.phase = Body::new(framing).map_or(Phase::Ended, Phase::Body);
        Ok(Action::Head(head))
    }

    fn on_piece<'a>(&mut self, piece: Piece<'a>) -> Step<'a> {
        let (action, consumed) = match piece {
            Piece::Incomplete { needed } => return Step::Incomplete { needed },
            Piece::Data { data, consumed } => (Action::Body(data), consumed),
            Piece::Framing { consumed } => (Action::Nothing, consumed),
            Piece::End { consumed } => return self.finish(consumed),
        };
        Step::Complete { action, consumed }
    }

    fn finish<'a>(&mut self, consumed: usize) -> Step<'a> {
        let action = self.end();
        Step::Complete { action, consumed }
    }

    /// A worker that does not have the whole request would take the next one for its rest.
    fn end<'a>(&mut self) -> Action<'a> {
        let reuse = self.persists && self.upload.is_whole();
        self.upload.stop();
        self.phase = Phase::Finished;
        Action::Finish { reuse }
    }

    fn break_off(&mut self, error: ProtocolError) -> ProtocolError {
        if !self.finished() {
            self.upload.stop();
            self.phase = Phase::Broken;
        }
        error
    }
}

/// What every response starts with.
const START: &[u8] = b"HTTP/";

/// The head at the start of `pending`, once it is whole. Bytes of another protocol need not end: they
/// show at once.
fn find_head<'a>(
    section: &mut Section,
    pending: &'a [u8],
) -> Result<Option<&'a [u8]>, ProtocolError> {
    let mut start = pending.iter().zip(START).enumerate();
    if let Some((position, (&byte, _))) = start.find(|(_, (byte, due))| byte != due) {
        return Err(ProtocolError::NotHttp { position, byte });
    }
    let end = section.end(pending)?;
    Ok(end.and_then(|end| pending.get(..end)))
}

#[cfg(test)]
mod tests;
