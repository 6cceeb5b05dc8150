//! The only loop that moves bytes between a worker and a client.

use super::limits::{Limits, Overdue, Wait};
use super::packet_log::PacketLog;
use super::protocol;
use super::response::Response;
use crate::job::downstream::Then;
use crate::job::failure::{Cause, Failure, Phase};
use crate::job::{Forwarding, Served};
use crate::way::connection::{Connection, ReceiveError};
use rjk_ajp::exchange::Exchange;
use rjk_ajp::response::{Frame, ProtocolError, next_frame};
use rjk_ajp::wire::{END_OF_BODY, body_header};
use rjk_config::model::AjpSpec;
use rjk_message::{Action, BodyQuota};
use std::io;
use std::time::{Duration, Instant};

/// A client that stalls for so long may be why a worker gave the connection up.
const SLOW_CLIENT: Duration = Duration::from_millis(500);

/// A response that came whole.
pub(crate) struct Finished {
    pub(crate) served: Served,
    pub(crate) ending: Ending,
}

/// What the end of a response says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The worker allows another request (PL-09).
    Reusable,
    /// It does not.
    Close,
    /// It went on without waiting for the body data that it had asked for: what it reads next is
    /// our late answer (CP-08).
    OutOfStep,
}

/// What the loop does after it used up the pending packets.
enum Next {
    Read { needed: usize },
    SendBody(BodyQuota),
    Finished { reuse: bool },
}

/// One exchange on one connection.
pub(crate) struct Pump<'p, 'r> {
    pub(crate) spec: &'p AjpSpec,
    pub(crate) packets: PacketLog<'p>,
    pub(crate) connection: &'p mut Connection,
    pub(crate) exchange: Exchange,
    pub(crate) job: &'p mut Forwarding<'r>,
    pub(crate) cookie: Option<&'p [u8]>,
    pub(crate) limits: Limits,
    /// The longest time that the client kept this exchange waiting.
    pub(crate) kept_waiting: Duration,
    /// The wait for the next packet, once it has begun.
    pub(crate) wait: Option<Wait>,
    /// See [`Ending::OutOfStep`].
    pub(crate) out_of_step: bool,
}

impl Pump<'_, '_> {
    /// Runs until END_RESPONSE.
    pub(crate) fn run(mut self) -> Result<Finished, Failure> {
        let mut response = Response::default();
        loop {
            match self.drain(&mut response)? {
                Next::Read { needed } => self.timed_receive(needed)?,
                Next::SendBody(quota) => self.send_body(quota)?,
                Next::Finished { reuse } => {
                    return Ok(Finished {
                        served: response.served(),
                        ending: match (reuse, self.out_of_step) {
                            (_, true) => Ending::OutOfStep,
                            (true, false) => Ending::Reusable,
                            (false, false) => Ending::Close,
                        },
                    });
                }
            }
        }
    }

    /// Uses all whole packets that are pending, and hands on what they hold in one go.
    fn drain(&mut self, response: &mut Response) -> Result<Next, Failure> {
        let size = protocol::packet_size(self.spec);
        let pending = self.connection.pending();
        let options = self.job.request.options;
        let mut body: Vec<&[u8]> = Vec::new();
        let (mut used, mut flush) = (0, false);
        let next = loop {
            let frame = next_frame(&pending[used..], size)
                .map_err(|error| protocol_failure(self.job, self.spec, &self.exchange, error))?;
            let (packet, consumed) = match frame {
                Frame::Incomplete { needed } => break Next::Read { needed },
                Frame::Complete { packet, consumed } => (packet, consumed),
            };
            used += consumed;
            self.packets.received(&packet);
            let action = self
                .exchange
                .on_packet(packet)
                .map_err(|error| protocol_failure(self.job, self.spec, &self.exchange, error))?;
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
                Action::Hint(_) | Action::Continue | Action::Switch(_) | Action::Nothing => {}
            }
        };
        let then = match next {
            Next::Finished { .. } => Then::End,
            _ if flush => Then::Flush,
            _ => Then::More,
        };
        let began = Instant::now();
        response.deliver(&body, then, self.job, self.cookie)?;
        self.kept_waiting = self.kept_waiting.max(began.elapsed());
        self.out_of_step |= matches!(next, Next::SendBody(_)) && used < pending.len();
        self.connection.consume(used);
        if used > 0 {
            self.wait = None;
        }
        Ok(next)
    }

    /// [`Pump::receive`], with a look at how long the worker took for the head.
    fn timed_receive(&mut self, needed: usize) -> Result<(), Failure> {
        if self.exchange.head_received() {
            return self.receive(needed);
        }
        let began = Instant::now();
        let result = self.receive(needed);
        self.job.heard.waited += began.elapsed();
        result
    }

    /// Reads once, within the deadline of the packet that is waited for.
    fn receive(&mut self, needed: usize) -> Result<(), Failure> {
        let now = Instant::now();
        let inside = !self.connection.pending().is_empty();
        let (limits, connection) = (self.limits, &mut *self.connection);
        let wait = self.wait.get_or_insert_with(|| limits.wait(now, inside));
        if inside {
            wait.inside(now);
        }
        let received = match wait.left(now) {
            Ok(left) => connection.receive(needed, left),
            Err(_) => Err(ReceiveError::TimedOut),
        };
        let overdue = wait.next_overdue();
        received.map_err(|error| self.receive_failure(error, overdue))
    }

    fn receive_failure(&self, error: ReceiveError, overdue: Option<Overdue>) -> Failure {
        let cause = match (error, self.limits.reply()) {
            (ReceiveError::Truncated { have, needed }, _) => {
                let error = ProtocolError::TruncatedPacket { have, needed };
                return protocol_failure(self.job, self.spec, &self.exchange, error);
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
        let phase = phase(&self.exchange);
        Failure {
            phase,
            cause,
            retry: self.job.may_repeat(self.spec, phase),
        }
    }

    /// Answers GET_BODY_CHUNK (BD-04, BD-05).
    fn send_body(&mut self, quota: BodyQuota) -> Result<(), Failure> {
        let mut packet = vec![0; 6];
        let began = Instant::now();
        let got = self
            .job
            .body
            .next(quota, self.job.downstream, &mut packet)
            .map_err(|broken| Failure::last(phase(&self.exchange), Cause::ClientRead(broken)))?;
        self.kept_waiting = self.kept_waiting.max(began.elapsed());
        self.packets.body(got);
        if got == 0 {
            self.exchange.body_ended();
            return self.send(&END_OF_BODY);
        }
        packet[..6].copy_from_slice(&body_header(got as u16));
        self.exchange.body_sent(got);
        self.send(&packet)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let limit = self.limits.send();
        self.connection.send(bytes, limit).map_err(|(_, error)| {
            let late = error.kind() == io::ErrorKind::TimedOut;
            let cause = if !late && self.kept_waiting >= SLOW_CLIENT {
                Cause::KeptWaiting(self.kept_waiting)
            } else {
                Cause::Send(error)
            };
            Failure {
                phase: Phase::Send,
                cause,
                retry: self.job.may_repeat(self.spec, phase(&self.exchange)),
            }
        })
    }
}

fn phase(exchange: &Exchange) -> Phase {
    if exchange.head_received() {
        Phase::Receive
    } else {
        Phase::AwaitHead
    }
}

fn protocol_failure(
    job: &Forwarding<'_>,
    spec: &AjpSpec,
    exchange: &Exchange,
    error: ProtocolError,
) -> Failure {
    let phase = phase(exchange);
    let retry = match error {
        // F-10.
        ProtocolError::HeadersAfterBody => false,
        _ if error.is_framing() => job.may_repeat(spec, phase),
        // RO-07: what the bits say is not asked.
        _ => job.is_repeatable(spec),
    };
    Failure {
        phase,
        cause: Cause::Protocol(error),
        retry,
    }
}
