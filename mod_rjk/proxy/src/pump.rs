//! The only loop that moves bytes between a worker and a client.

use crate::attempt::{Forwarding, Served};
use crate::connection::{Connection, ReceiveError};
use crate::downstream::{ClientError, Downstream, Then};
use crate::failure::{Cause, Failure, Phase};
use rjk_ajp::exchange::{Action, BodyQuota, Exchange};
use rjk_ajp::response::{Frame, ProtocolError, ResponseHead, next_frame};
use rjk_ajp::wire::{END_OF_BODY, body_header};
use rjk_config::model::AjpSpec;
use std::io;

/// The request body, as far as it was read from the client.
#[derive(Debug, Default)]
pub struct BodySource {
    saved: Vec<u8>,
    used: usize,
    beyond: bool,
}

impl BodySource {
    /// Starts over for another attempt.
    pub(crate) fn rewind(&mut self) {
        self.used = 0;
    }

    /// Whether everything that was read is still at hand (BD-06, BD-07).
    pub fn is_repeatable(&self) -> bool {
        !self.beyond
    }

    /// The first `bytes` of the body; read once, kept for other attempts.
    pub(crate) fn eager(
        &mut self,
        bytes: usize,
        client: &mut dyn Downstream,
    ) -> Result<&[u8], ClientError> {
        let have = self.saved.len();
        if have < bytes {
            self.saved.resize(bytes, 0);
            let got = fill(&mut self.saved[have..], bytes - have, client);
            self.saved.truncate(have + got.unwrap_or(0));
            if got? < bytes - have {
                return Err(ClientError);
            }
        }
        self.used = bytes;
        Ok(&self.saved[..bytes])
    }

    /// The next bytes: what was kept and not used in this attempt, then from the client, until
    /// `quota.at_least` are there or the body ends. Appends them to `packet`.
    fn next(
        &mut self,
        quota: BodyQuota,
        client: &mut dyn Downstream,
        packet: &mut Vec<u8>,
    ) -> Result<usize, ClientError> {
        let kept = &self.saved[self.used..];
        if !kept.is_empty() {
            let n = kept.len().min(quota.at_most);
            packet.extend_from_slice(&kept[..n]);
            self.used += n;
            return Ok(n);
        }
        self.beyond = true;
        let start = packet.len();
        packet.resize(start + quota.at_most, 0);
        let got = fill(&mut packet[start..], quota.at_least, client)?;
        packet.truncate(start + got);
        Ok(got)
    }
}

/// Reads until `at_least` bytes are there or the body ends.
fn fill(
    buffer: &mut [u8],
    at_least: usize,
    client: &mut dyn Downstream,
) -> Result<usize, ClientError> {
    let mut got = 0;
    while got < at_least {
        match client.read_body(&mut buffer[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}

/// A response that came whole.
pub(crate) struct Finished {
    pub(crate) served: Served,
    /// Tomcat allows the connection to be used again (PL-09).
    pub(crate) reuse: bool,
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
    pub(crate) connection: &'p mut Connection,
    pub(crate) exchange: Exchange,
    pub(crate) job: &'p mut Forwarding<'r>,
    pub(crate) cookie: Option<&'p [u8]>,
}

impl Pump<'_, '_> {
    /// Runs until END_RESPONSE.
    pub(crate) fn run(mut self) -> Result<Finished, Failure> {
        let mut response = Response::default();
        loop {
            match self.drain(&mut response)? {
                Next::Read { needed } => self.receive(needed)?,
                Next::SendBody(quota) => self.send_body(quota)?,
                Next::Finished { reuse } => {
                    return Ok(Finished {
                        served: response.served(),
                        reuse,
                    });
                }
            }
        }
    }

    /// Uses all whole packets that are pending, and hands on what they hold in one go.
    fn drain(&mut self, response: &mut Response) -> Result<Next, Failure> {
        let size = self.connection.packet_size();
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
            let action = self
                .exchange
                .on_packet(packet)
                .map_err(|error| protocol_failure(self.job, self.spec, &self.exchange, error))?;
            match action {
                Action::Head(head) => {
                    response.take_head(head, self.job, self.spec)?;
                    flush |= options.flush_header;
                }
                Action::Body(bytes) => {
                    body.push(bytes);
                    flush |= options.flush_packets;
                }
                Action::Flush => flush = true,
                Action::SendBody(quota) => break Next::SendBody(quota),
                Action::Finish { reuse } => break Next::Finished { reuse },
                Action::Nothing => {}
            }
        };
        let then = match next {
            Next::Finished { .. } => Then::End,
            _ if flush => Then::Flush,
            _ => Then::More,
        };
        response.deliver(&body, then, self.job, self.cookie)?;
        self.connection.consume(used);
        Ok(next)
    }

    fn receive(&mut self, needed: usize) -> Result<(), Failure> {
        let reply_timeout = self.job.request.reply_timeout(self.spec.reply_timeout);
        self.connection
            .receive(needed, reply_timeout, self.spec.socket_timeout)
            .map_err(|error| {
                let cause = match (error, reply_timeout) {
                    (ReceiveError::Protocol(error), _) => {
                        return protocol_failure(self.job, self.spec, &self.exchange, error);
                    }
                    (ReceiveError::TimedOut, Some(limit)) => Cause::ReplyTimeout(limit),
                    // F-11b: a broken connection counts as a reply timeout where one is set.
                    (ReceiveError::Io(_), Some(limit)) => Cause::ReplyTimeout(limit),
                    (ReceiveError::TimedOut, None) => {
                        Cause::Broken(io::Error::new(io::ErrorKind::TimedOut, "socket_timeout"))
                    }
                    (ReceiveError::Io(error), None) => Cause::Broken(error),
                    (ReceiveError::Closed, _) => Cause::Closed,
                };
                let phase = phase(&self.exchange);
                Failure {
                    phase,
                    cause,
                    retry: self.job.may_repeat(self.spec, phase),
                }
            })
    }

    /// Answers GET_BODY_CHUNK (BD-04, BD-05).
    fn send_body(&mut self, quota: BodyQuota) -> Result<(), Failure> {
        if quota.at_most == 0 {
            return self.send(&END_OF_BODY);
        }
        let mut packet = vec![0; 6];
        let got = self
            .job
            .body
            .next(quota, self.job.downstream, &mut packet)
            .map_err(|ClientError| Failure::last(phase(&self.exchange), Cause::ClientRead))?;
        if got == 0 {
            return self.send(&END_OF_BODY);
        }
        packet[..6].copy_from_slice(&body_header(got as u16));
        self.exchange.body_sent(got);
        self.send(&packet)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.connection.send(bytes).map_err(|(_, error)| Failure {
            phase: Phase::Send,
            cause: Cause::Send(error),
            retry: self.job.may_repeat(self.spec, phase(&self.exchange)),
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
    let retry = if error.is_framing() {
        job.may_repeat(spec, phase)
    } else {
        job.is_repeatable(spec)
    };
    Failure {
        phase,
        cause: Cause::Protocol(error),
        retry,
    }
}

/// The response on its way: the head is held back until something must follow it, for until then
/// the exchange may still be repeated.
#[derive(Default)]
struct Response {
    status: u16,
    held: Option<ResponseHead>,
    replaced: Option<Option<Vec<u8>>>,
}

impl Response {
    fn take_head(
        &mut self,
        head: ResponseHead,
        job: &Forwarding<'_>,
        spec: &AjpSpec,
    ) -> Result<(), Failure> {
        self.status = head.status();
        if let Some(entry) = job
            .request
            .failing_status(self.status, &spec.fail_on_status)
        {
            return Err(Failure {
                phase: Phase::Receive,
                cause: Cause::FailOnStatus(entry),
                retry: job.is_repeatable(spec),
            });
        }
        if job.request.answered_by_server(self.status) {
            let authenticate = head
                .header(b"WWW-Authenticate")
                .filter(|_| self.status == 401);
            self.replaced = Some(authenticate.map(<[u8]>::to_vec));
        } else {
            self.held = Some(head);
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        body: &[&[u8]],
        then: Then,
        job: &mut Forwarding<'_>,
        cookie: Option<&[u8]>,
    ) -> Result<(), Failure> {
        if self.replaced.is_some() || (body.is_empty() && then == Then::More) {
            return Ok(());
        }
        let result = match self.held.take() {
            Some(head) => {
                job.started = true;
                job.downstream.start(&head, cookie)
            }
            None => Ok(()),
        };
        result
            .and_then(|()| job.downstream.send(body, then))
            .map_err(|ClientError| Failure::last(Phase::Receive, Cause::ClientWrite))
    }

    fn served(self) -> Served {
        match self.replaced {
            Some(authenticate) => Served::ServerPage {
                status: self.status,
                authenticate,
            },
            None => Served::Response {
                status: self.status,
            },
        }
    }
}
