//! The only loop that moves bytes between a worker and a client.

use super::limits::{Limits, Overdue, Wait};
use super::packet_log::PacketLog;
use super::protocol::{Codec, Step};
use super::response::Response;
use super::upload::Outgoing;
use crate::job::downstream::Then;
use crate::job::failure::{Cause, Failure, Phase};
use crate::job::switched::Agreed;
use crate::job::wire::WireError;
use crate::job::{Forwarding, Served};
use crate::way::connection::{Connection, ReceiveError};
use rjk_ajp::ProtocolError;
use rjk_config::model::AjpSpec;
use rjk_message::{Action, BodyQuota, ResponseHead};
use smallvec::SmallVec;
use std::io;
use std::time::{Duration, Instant};

/// A client that stalls for so long may be why a worker gave the connection up.
pub(super) const SLOW_CLIENT: Duration = Duration::from_millis(500);

/// A response that came whole.
pub(crate) struct Finished {
    pub(crate) served: Served,
    pub(crate) ending: Ending,
}

/// What the end of a response says of its connection.
pub(crate) enum Ending {
    /// The worker allows another request (PL-09).
    Reusable,
    /// It does not.
    Close,
    /// It went on without waiting for the body data that it had asked for: what it reads next is
    /// our late answer (CP-08).
    OutOfStep,
    /// It does not, and says that it was asked in clear text where TLS is spoken.
    WantsTls,
    /// It goes on in another protocol.
    Switched(Box<Agreed>),
}

/// What the loop does after it used up the pending pieces.
enum Next {
    Read {
        needed: usize,
    },
    /// The worker asks for a part of the body.
    SendBody(BodyQuota),
    /// It does not ask, and may have one.
    Push(BodyQuota),
    /// It may have what is left of the last one.
    GoOn,
    Finished {
        reuse: bool,
    },
    /// Both sides go on in another protocol.
    Switch(ResponseHead),
}

impl Next {
    /// What follows the bytes that came before it.
    fn follows(&self, flush: bool) -> Then {
        match self {
            Next::Finished { .. } => Then::End,
            _ if flush => Then::Flush,
            _ => Then::More,
        }
    }
}

/// One exchange on one connection.
pub(crate) struct Pump<'p, 'r> {
    pub(crate) spec: &'p AjpSpec,
    pub(crate) packets: PacketLog<'p>,
    pub(crate) connection: &'p mut Connection,
    pub(crate) codec: Codec,
    pub(crate) job: &'p mut Forwarding<'r>,
    pub(crate) cookie: Option<&'p [u8]>,
    pub(crate) limits: Limits,
    /// The longest time that the client kept this exchange waiting.
    pub(crate) kept_waiting: Duration,
    /// When the worker was heard last, until what it said is handed on.
    pub(crate) read_at: Option<Instant>,
    /// The wait for the next packet, once it has begun.
    pub(crate) wait: Option<Wait>,
    /// See [`Ending::OutOfStep`].
    pub(crate) out_of_step: bool,
    /// Where parts of the body are put together.
    pub(crate) packet: Vec<u8>,
    /// Why the worker took no more of the body that went out with the head.
    pub(crate) refused: Option<Failure>,
}

impl Pump<'_, '_> {
    /// Runs until the end of the response.
    pub(crate) fn run(mut self) -> Result<Finished, Failure> {
        let mut response = Response::default();
        let mut outgoing = Outgoing {
            refused: self.refused.take(),
            ..Outgoing::default()
        };
        loop {
            let next = self.drain(&mut response, &outgoing)?;
            let waits = matches!(next, Next::Read { .. } | Next::Push(_));
            if waits && self.more_at_once(&mut response)? {
                continue;
            }
            match next {
                Next::Read { needed } => match self.receive(needed, &mut outgoing)? {
                    None => {}
                    Some(reuse) => {
                        response.deliver(&[], Then::End, self.job, self.cookie)?;
                        return Ok(self.finished(response, reuse));
                    }
                },
                Next::SendBody(quota) => self.send_body(quota)?,
                Next::Push(quota) => {
                    if self.client_is_first(quota, &mut outgoing) {
                        self.fill(quota, &mut outgoing)?;
                        self.push(&mut outgoing)?;
                    }
                }
                Next::GoOn => self.push(&mut outgoing)?,
                Next::Finished { reuse } => {
                    self.job.heard.ended_at = Some(self.connection.last_used());
                    return Ok(self.finished(response, reuse));
                }
                Next::Switch(head) => return self.switched(head),
            }
        }
    }

    /// The worker agreed to what it was asked for.
    fn switched(self, head: ResponseHead) -> Result<Finished, Failure> {
        let status = head.status();
        match self.job.admission.take() {
            Some(admission) => Ok(Finished {
                served: Served::Response { status },
                ending: Ending::Switched(Box::new(Agreed { head, admission })),
            }),
            None => {
                let error = rjk_http1::ProtocolError::SwitchUnasked.into();
                Err(protocol_failure(self.job, self.spec, &self.codec, error))
            }
        }
    }

    fn finished(&mut self, response: Response, reuse: bool) -> Finished {
        self.connection.keep_for(self.codec.kept_for());
        Finished {
            served: response.served(),
            ending: match (reuse, self.out_of_step) {
                (_, true) => Ending::OutOfStep,
                (true, false) => Ending::Reusable,
                (false, false) if self.codec.wants_tls() => Ending::WantsTls,
                (false, false) => Ending::Close,
            },
        }
    }

    /// Uses all whole pieces that are pending, and hands on what they hold in one go.
    fn drain(&mut self, response: &mut Response, outgoing: &Outgoing) -> Result<Next, Failure> {
        let pending = self.connection.pending();
        let options = self.job.request.options;
        // As many packets as a full buffer holds, of the usual size.
        let mut body: SmallVec<[&[u8]; 20]> = SmallVec::new();
        let (mut used, mut flush) = (0, false);
        let next = loop {
            let step = self
                .codec
                .step(&pending[used..], self.packets)
                .map_err(|error| protocol_failure(self.job, self.spec, &self.codec, error))?;
            let action = match step {
                Step::Incomplete { needed } => break self.unasked(needed, outgoing),
                Step::Complete { action, consumed } => {
                    used += consumed;
                    action
                }
            };
            match action {
                Action::Head(head) => {
                    self.job.heard.status = Some(head.status());
                    response.take_head(head, self.job, self.spec)?;
                    flush |= options.flush_header;
                }
                Action::Body(bytes) => {
                    self.job.heard.body += bytes.len() as u64;
                    body.push(bytes);
                    flush |= options.flush_packets;
                }
                Action::Flush => flush = true,
                Action::SendBody(quota) => break Next::SendBody(quota),
                Action::Finish { reuse } => break Next::Finished { reuse },
                Action::Hint(head) => self.job.downstream.hint(&head),
                Action::Switch(head) => break Next::Switch(head),
                Action::Continue | Action::Nothing => {}
            }
        };
        let then = next.follows(flush);
        let rest = pending.len() - used;
        if used > 0 {
            let began = self.read_at.take().unwrap_or_else(Instant::now);
            response.deliver(&body, then, self.job, self.cookie)?;
            drop(body);
            self.handed_on(used, began);
        }
        self.out_of_step |= matches!(next, Next::SendBody(_)) && rest > 0;
        Ok(next)
    }

    /// So many bytes were used, and what they hold was handed on since `began`.
    fn handed_on(&mut self, used: usize, began: Instant) {
        let done = Instant::now();
        let took = done.saturating_duration_since(began);
        self.kept_waiting = self.kept_waiting.max(took);
        self.connection.touch_at(done);
        self.connection.consume(used);
        self.wait = None;
    }

    /// What is to be done when the worker has not said more: a part of the body goes, or we read on.
    fn unasked(&self, needed: usize, outgoing: &Outgoing) -> Next {
        match self.codec.push() {
            _ if outgoing.refused.is_some() => Next::Read { needed },
            _ if !outgoing.left.is_empty() => Next::GoOn,
            Some(quota) => Next::Push(quota),
            None => Next::Read { needed },
        }
    }

    /// Reads once, within the deadline of the piece that is waited for. When the worker's end of the
    /// connection is the end of its answer: whether the connection may be used again.
    fn receive(&mut self, needed: usize, outgoing: &mut Outgoing) -> Result<Option<bool>, Failure> {
        let now = Instant::now();
        let inside = !self.connection.pending().is_empty();
        let (limits, connection) = (self.limits, &mut *self.connection);
        let wait = self.wait.get_or_insert_with(|| limits.wait(now, inside));
        if inside {
            wait.inside(now);
        }
        let patience = self.codec.patience();
        let received = match wait.left(now) {
            Ok(left) => connection.receive(needed, shorter(left, patience)),
            Err(_) => Err(ReceiveError::TimedOut),
        };
        let ended = Instant::now();
        // When the worker was heard: what the client then takes begins here.
        self.read_at = received.is_ok().then_some(ended);
        if !self.codec.head_received() {
            self.job.heard.waited += ended.saturating_duration_since(now);
        }
        let overdue = wait.next_overdue();
        let error = match received {
            Ok(()) => return Ok(None),
            Err(error) => error,
        };
        if patience.is_some() && matches!(error, ReceiveError::TimedOut) {
            self.codec.stop_awaiting();
            return Ok(None);
        }
        if matches!(error, ReceiveError::Closed | ReceiveError::Truncated { .. })
            && let Some(reuse) = self.end_of_connection(outgoing)?
        {
            return Ok(Some(reuse));
        }
        // What it refused of the body is only told when it does not answer either.
        Err(match outgoing.refused.take() {
            Some(refused) => refused,
            None => self.receive_failure(error, overdue),
        })
    }

    /// What the end of the connection says of the answer: that it is whole, and whether the connection may
    /// be used again; nothing; or that something is missing.
    fn end_of_connection(&mut self, outgoing: &mut Outgoing) -> Result<Option<bool>, Failure> {
        let pending = self.connection.pending().len();
        match self.codec.at_end(pending) {
            Ok(Some(Action::Finish { reuse })) => Ok(Some(reuse)),
            Ok(_) => Ok(None),
            Err(error) => Err(outgoing
                .refused
                .take()
                .unwrap_or_else(|| protocol_failure(self.job, self.spec, &self.codec, error))),
        }
    }

    fn receive_failure(&self, error: ReceiveError, overdue: Option<Overdue>) -> Failure {
        let cause = match (error, self.limits.reply()) {
            (ReceiveError::Truncated { have, needed }, _) => {
                let error = ProtocolError::TruncatedPacket { have, needed };
                return protocol_failure(self.job, self.spec, &self.codec, error.into());
            }
            (ReceiveError::Closed | ReceiveError::Io(_), _) if self.kept_waiting >= SLOW_CLIENT => {
                Cause::KeptWaiting(self.kept_waiting)
            }
            (ReceiveError::TimedOut, _) => match overdue {
                Some(Overdue::Reply(limit)) => Cause::ReplyTimeout(limit),
                Some(Overdue::Socket(limit)) => Cause::SocketTimeout(limit),
                None => Cause::Broken(io::ErrorKind::TimedOut.into()),
            },
            (ReceiveError::Io(error), Some(limit)) => Cause::BrokenReply { error, limit },
            (ReceiveError::Io(error), None) => Cause::Broken(error),
            (ReceiveError::Closed, _) => Cause::Closed,
        };
        let phase = phase(&self.codec);
        let retry = self.job.may_repeat(self.spec, phase);
        let failure = Failure::new(phase, cause, retry);
        failure.unless_refused(self.job.is_whole())
    }
}

fn shorter(left: Option<Duration>, patience: Option<Duration>) -> Option<Duration> {
    match (left, patience) {
        (Some(left), Some(patience)) => Some(left.min(patience)),
        (one, other) => one.or(other),
    }
}

pub(super) fn phase(codec: &Codec) -> Phase {
    if codec.head_received() {
        Phase::Receive
    } else {
        Phase::AwaitHead
    }
}

fn protocol_failure(
    job: &Forwarding<'_>,
    spec: &AjpSpec,
    codec: &Codec,
    error: WireError,
) -> Failure {
    let phase = phase(codec);
    let retry = match error {
        // F-10.
        _ if error.is_late() => false,
        _ if error.is_framing() => job.may_repeat(spec, phase),
        // RO-07: what the bits say is not asked.
        _ => job.is_repeatable(spec),
    };
    Failure::new(phase, Cause::Protocol(error), retry)
}
