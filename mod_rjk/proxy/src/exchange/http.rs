//! What the exchange knows of HTTP/1.1: what a worker is told, how an answer is read, and how a worker
//! is asked whether it is there.

use super::packet_log::PacketLog;
use super::protocol::{Rest, Step, receive_by};
use crate::job::failure::{Cause, ProbeEndsConnection};
use crate::job::{Forwarding, Target};
use crate::way::connection::{Connection, Look};
use bstr::ByteSlice;
use rjk_config::model::{AjpSpec, HttpSpec};
use rjk_http1::ProtocolError;
use rjk_http1::exchange::{Exchange, Expected};
use rjk_http1::request::{self, Told};
use rjk_message::{Action, Attributes, BodyLength, BodyQuota, RequestHead};
use std::io;
use std::time::{Duration, Instant};

/// So long the body of a client that asks first (`Expect: 100-continue`) waits for the worker's word.
/// Most answer at once; a worker that knows nothing of it must not make the client wait for long
/// (RFC 9110 §10.1.1).
const CONSENT: Duration = Duration::from_secs(1);

/// Writes the head of a request for this worker.
///
/// # Errors
/// [`Cause::Unwritable`].
pub(super) fn encode(
    job: &Forwarding<'_>,
    target: Target<'_>,
    spec: &AjpSpec,
    http: &HttpSpec,
    out: &mut Vec<u8>,
) -> Result<(), Cause> {
    let mut forward = job.request.forward.clone();
    forward.attributes.secret = spec.secret.as_ref().map(|secret| secret.as_slice());
    forward.attributes.route = target.route;
    forward.attributes.activation = target.activation;
    let told = Told {
        x_forwarded: http.forward.x_forwarded(),
        forwarded: http.forward.forwarded(),
        secret_header: http.secret_header.as_ref().map(|name| name.as_slice()),
        websocket: job.admission.is_some(),
        expect_continue: asks_first(job),
        decoded_path: job.request.options.decoded_path,
    };
    request::encode(&forward, &told, out)?;
    Ok(())
}

/// Whether the client sends its body only when it is told to, and was not told yet.
fn asks_first(job: &Forwarding<'_>) -> bool {
    !job.body.has_begun() && job.request.expects_continue()
}

/// What Tomcat, httpd and nginx say to a request in clear text on a port that is for TLS.
const WANTS_TLS: [&[u8]; 3] = [
    b"This combination of host and port requires TLS",
    b"speaking plain HTTP to an SSL-enabled server port",
    b"plain HTTP request was sent to HTTPS port",
];

/// One exchange.
pub(crate) struct HttpCodec {
    exchange: Exchange,
    /// The answer is a 400.
    is_refusal: bool,
    wants_tls: bool,
}

impl HttpCodec {
    /// Bytes in front of a body part that [`HttpCodec::seal`] may fill in.
    pub(super) const ROOM: usize = rjk_http1::exchange::ROOM;

    pub(super) fn new(job: &Forwarding<'_>) -> HttpCodec {
        let expected = Expected {
            body: job.request.forward.body,
            head_request: job.request.is_head(),
            awaits_continue: asks_first(job),
            upgrade: job.admission.is_some(),
        };
        HttpCodec {
            exchange: Exchange::new(expected),
            is_refusal: false,
            wants_tls: false,
        }
    }

    pub(super) fn eager_body(&self) -> Option<usize> {
        self.exchange.eager_body()
    }

    pub(super) fn step<'a>(
        &mut self,
        pending: &'a [u8],
        packets: PacketLog<'_>,
    ) -> Result<Step<'a>, ProtocolError> {
        Ok(match self.exchange.step(pending)? {
            rjk_http1::Step::Incomplete { needed } => Step::Incomplete { needed },
            rjk_http1::Step::Complete { action, consumed } => {
                packets.heard(&action);
                self.note_refusal(&action);
                Step::Complete { action, consumed }
            }
        })
    }

    /// The words come in one piece, right behind the head.
    fn note_refusal(&mut self, action: &Action<'_>) {
        match action {
            Action::Head(head) => self.is_refusal = head.status() == 400,
            Action::Body(bytes) if self.is_refusal => {
                self.wants_tls |= WANTS_TLS.iter().any(|words| bytes.contains_str(words));
            }
            _ => {}
        }
    }

    /// Whether the answer says that this port is for TLS.
    pub(super) fn wants_tls(&self) -> bool {
        self.wants_tls
    }

    pub(super) fn push(&self) -> Option<BodyQuota> {
        self.exchange.push()
    }

    pub(super) fn seal<'p>(&mut self, packet: &'p mut Vec<u8>) -> &'p [u8] {
        self.exchange.seal(packet)
    }

    pub(super) fn end_body(&mut self) -> &'static [u8] {
        self.exchange.end_body()
    }

    /// So many bytes of the body go with the head: only of one of known length, which nothing frames.
    pub(super) fn begin(&mut self, bytes: usize) {
        self.exchange.body_sent(bytes);
    }

    pub(super) fn at_end(
        &mut self,
        pending: usize,
    ) -> Result<Option<Action<'static>>, ProtocolError> {
        // Without a byte of an answer it is the connection that ended, not an answer.
        if !self.exchange.head_received() && pending == 0 {
            return Ok(None);
        }
        self.exchange.at_end(pending).map(Some)
    }

    pub(super) fn head_received(&self) -> bool {
        self.exchange.head_received()
    }

    pub(super) fn patience(&self) -> Option<Duration> {
        self.exchange.awaits_continue().then_some(CONSENT)
    }

    pub(super) fn stop_awaiting(&mut self) {
        self.exchange.stop_awaiting();
    }

    pub(super) fn kept_for(&self) -> Option<Duration> {
        self.exchange.kept_for()
    }
}

/// See [`look`](super::protocol::look): in HTTP nothing is harmless.
pub(super) fn look(connection: &mut Connection) -> Rest {
    match connection.look() {
        Look::Ended => Rest::Ended,
        Look::Quiet => rest(connection),
        Look::Spoke => Rest::Answer(connection.pending().len()),
    }
}

/// What stands behind the end of an answer.
pub(super) fn rest(connection: &Connection) -> Rest {
    match connection.pending().len() {
        0 => Rest::Quiet,
        bytes => Rest::Answer(bytes),
    }
}

/// Asks for the probe's path with HEAD, and takes any answer for a sign of life, its status; without a path
/// nothing is asked.
pub(super) fn probe(
    connection: &mut Connection,
    spec: &AjpSpec,
    http: &HttpSpec,
    limit: Duration,
) -> io::Result<Option<u16>> {
    let Some(path) = &http.probe else {
        // Nothing to ask: an idle connection is as good as its socket, until it is looked at again.
        connection.heard();
        return Ok(None);
    };
    let deadline = Instant::now() + limit;
    ask(connection, &probe_head(path, spec), limit)?;
    let mut exchange = Exchange::new(Expected {
        body: BodyLength::None,
        head_request: true,
        awaits_continue: false,
        upgrade: false,
    });
    let mut status = None;
    loop {
        let step = exchange
            .step(connection.pending())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let needed = match step {
            rjk_http1::Step::Complete { action, consumed } => {
                let finished = match action {
                    Action::Finish { reuse } => Some(reuse),
                    Action::Head(head) => {
                        status = Some(head.status());
                        None
                    }
                    _ => None,
                };
                connection.consume(consumed);
                match finished {
                    None => continue,
                    Some(true) if connection.pending().is_empty() => {
                        connection.heard();
                        return Ok(status);
                    }
                    Some(_) => return Err(closes()),
                }
            }
            rjk_http1::Step::Incomplete { needed } => needed,
        };
        receive_by(deadline, needed, connection)?;
    }
}

fn ask(connection: &mut Connection, head: &RequestHead<'_>, limit: Duration) -> io::Result<()> {
    let mut question = Vec::with_capacity(256);
    request::encode(head, &Told::default(), &mut question)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let sent = connection.send(&question, Some(limit));
    sent.map_err(|(_, error)| error)
}

fn probe_head<'a>(probe: &'a [u8], spec: &'a AjpSpec) -> RequestHead<'a> {
    let (path, query) = match probe.iter().position(|byte| *byte == b'?') {
        Some(at) => (&probe[..at], Some(&probe[at + 1..])),
        None => (probe, None),
    };
    RequestHead {
        method: b"HEAD",
        protocol: b"HTTP/1.1",
        uri: path,
        remote_addr: None,
        remote_host: None,
        server_name: &spec.host,
        server_port: spec.port,
        is_ssl: spec.way.tls().is_some(),
        headers: &[],
        body: BodyLength::None,
        attributes: Attributes {
            query,
            ..Attributes::default()
        },
    }
}

fn closes() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, ProbeEndsConnection)
}
