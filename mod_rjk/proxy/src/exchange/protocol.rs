//! The seam between the exchange and what is spoken with a worker: AJP or HTTP/1.1. The pump, and
//! whoever keeps connections, see one type and know neither.

use super::ajp::{self, AjpCodec};
use super::http::{self, HttpCodec};
use super::packet_log::PacketLog;
use super::scratch::Scratch;
use crate::job::failure::Cause;
use crate::job::wire::WireError;
use crate::job::{Forwarding, Target};
use crate::way::connection::{Connection, ReceiveError};
use rjk_config::model::{AjpSpec, Protocol};
use rjk_message::{Action, BodyQuota};
use std::io;
use std::time::{Duration, Instant};

/// One exchange in the worker's protocol, from the moment it is sent. A retry needs a new one.
pub(crate) enum Codec {
    Ajp(AjpCodec),
    Http(HttpCodec),
}

/// What the start of the received bytes is.
pub(crate) enum Step<'a> {
    /// Not yet a whole piece.
    Incomplete {
        /// Bytes from the start that are needed before it is worth trying again.
        needed: usize,
    },
    /// A piece.
    Complete {
        /// What to do for it.
        action: Action<'a>,
        /// Its bytes; the next piece starts behind them.
        consumed: usize,
    },
}

/// What stands on a connection behind the end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing, or the beginning of something harmless: the next request may use it.
    Quiet,
    /// So many bytes that could be taken for the next answer (CP-08).
    Answer(usize),
    /// Nobody: the worker closed it, or it broke.
    Ended,
}

/// What a request is sent as to this worker.
///
/// # Errors
/// [`Cause::TooLarge`], [`Cause::Unwritable`].
pub(crate) fn encode(
    job: &Forwarding<'_>,
    target: Target<'_>,
    spec: &AjpSpec,
) -> Result<Scratch, Cause> {
    let mut head = Scratch::take();
    match &spec.way.protocol {
        Protocol::Ajp => ajp::encode(job.request, target, spec, &mut head)?,
        Protocol::Http(http) => head.append(|out| http::encode(job, target, spec, http, out))?,
    }
    Ok(head)
}

/// Bytes of the body that go out with the request, if it has any (BD-01, BD-03).
pub(crate) fn eager_body(job: &Forwarding<'_>, spec: &AjpSpec) -> Option<usize> {
    // Nearly every request.
    if job.request.has_no_body() {
        return None;
    }
    Codec::new(job, spec).eager_body()
}

/// Looks whether an idle connection can carry a request: open, and without a byte that could be
/// taken for the answer (PL-02).
pub(crate) fn look(connection: &mut Connection, spec: &AjpSpec) -> Rest {
    match &spec.way.protocol {
        Protocol::Ajp => ajp::look(connection, ajp::packet_size(spec)),
        Protocol::Http(_) => http::look(connection),
    }
}

/// What stands behind the end of an answer; what is harmless of it is taken off.
pub(crate) fn swallow(connection: &mut Connection, spec: &AjpSpec) -> Rest {
    match &spec.way.protocol {
        Protocol::Ajp => ajp::swallow(connection, ajp::packet_size(spec)),
        Protocol::Http(_) => http::rest(connection),
    }
}

/// Asks the worker on an idle connection whether it is there, within `limit` in all (PL-06). The status of
/// the answer, if it has one.
///
/// # Errors
/// `TimedOut`, a socket error, or `InvalidData` when something else came than what it should say.
pub(crate) fn probe(
    connection: &mut Connection,
    spec: &AjpSpec,
    limit: Duration,
) -> io::Result<Option<u16>> {
    match &spec.way.protocol {
        Protocol::Ajp => ajp::probe(connection, ajp::packet_size(spec), limit).map(|()| None),
        Protocol::Http(http) => http::probe(connection, spec, http, limit),
    }
}

/// Reads once for a probe, if there is time left.
pub(super) fn receive_by(
    deadline: Instant,
    needed: usize,
    connection: &mut Connection,
) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let received = connection.receive(needed, Some(left));
    received.map_err(ReceiveError::into_io)
}

impl Codec {
    /// Bytes that are free in front of a body part for [`Codec::seal`].
    pub(crate) const ROOM: usize = if AjpCodec::ROOM > HttpCodec::ROOM {
        AjpCodec::ROOM
    } else {
        HttpCodec::ROOM
    };

    /// The exchange of a request with this worker.
    pub(crate) fn new(job: &Forwarding<'_>, spec: &AjpSpec) -> Codec {
        match &spec.way.protocol {
            Protocol::Ajp => Codec::Ajp(AjpCodec::new(job.request, spec)),
            Protocol::Http(_) => Codec::Http(HttpCodec::new(job)),
        }
    }

    /// Bytes of the body that go out with the request, if it has any.
    pub(crate) fn eager_body(&self) -> Option<usize> {
        match self {
            Codec::Ajp(codec) => codec.eager_body(),
            Codec::Http(codec) => codec.eager_body(),
        }
    }

    /// The next piece at the start of what was received.
    pub(crate) fn step<'a>(
        &mut self,
        pending: &'a [u8],
        packets: PacketLog<'_>,
    ) -> Result<Step<'a>, WireError> {
        match self {
            Codec::Ajp(codec) => Ok(codec.step(pending, packets)?),
            Codec::Http(codec) => Ok(codec.step(pending, packets)?),
        }
    }

    /// What of the body may be sent now, unasked; AJP's workers ask.
    pub(crate) fn push(&self) -> Option<BodyQuota> {
        match self {
            Codec::Ajp(_) => None,
            Codec::Http(codec) => codec.push(),
        }
    }

    /// Makes what is sent of a buffer whose first [`Codec::ROOM`] bytes are free and whose rest is a part
    /// of the body.
    pub(crate) fn seal<'p>(&mut self, packet: &'p mut Vec<u8>) -> &'p [u8] {
        match self {
            Codec::Ajp(codec) => {
                let packet = &mut packet[Self::ROOM - AjpCodec::ROOM..];
                codec.seal(packet);
                packet
            }
            Codec::Http(codec) => codec.seal(packet),
        }
    }

    /// What stands between the head of a request and the first part of its body, if there is anything.
    pub(crate) fn begin(&mut self, first: &[u8]) -> Option<[u8; AjpCodec::ROOM]> {
        match self {
            Codec::Ajp(codec) => Some(codec.begin(first.len())),
            Codec::Http(codec) => {
                codec.begin(first.len());
                None
            }
        }
    }

    /// The same for a worker that asked for it, which only those of AJP do.
    pub(crate) fn seal_part<'p>(&mut self, packet: &'p mut [u8]) -> &'p [u8] {
        let packet = &mut packet[Self::ROOM - AjpCodec::ROOM..];
        match self {
            Codec::Ajp(codec) => codec.seal(packet),
            Codec::Http(_) => {}
        }
        packet
    }

    /// What says that the body has ended.
    pub(crate) fn end_body(&mut self) -> &'static [u8] {
        match self {
            Codec::Ajp(codec) => codec.end_body(),
            Codec::Http(codec) => codec.end_body(),
        }
    }

    /// What says that the body broke off before its first part was whole (BD-08); HTTP has no word for it
    /// but the end of the connection.
    pub(crate) fn broken_body(&self) -> &'static [u8] {
        match self {
            Codec::Ajp(_) => AjpCodec::BROKEN_BODY,
            Codec::Http(_) => &[],
        }
    }

    /// The worker ended the connection with `pending` bytes that are not used: what that means, if it
    /// is no failure.
    pub(crate) fn at_end(&mut self, pending: usize) -> Result<Option<Action<'static>>, WireError> {
        match self {
            Codec::Ajp(_) => Ok(None),
            Codec::Http(codec) => Ok(codec.at_end(pending)?),
        }
    }

    /// Whether the head of the response arrived.
    pub(crate) fn head_received(&self) -> bool {
        match self {
            Codec::Ajp(codec) => codec.head_received(),
            Codec::Http(codec) => codec.head_received(),
        }
    }

    /// Whether a worker may answer before it has what it was sent of the body.
    pub(crate) fn answers_early(&self) -> bool {
        matches!(self, Codec::Http(_))
    }

    /// Whether it has no word for an application's flush.
    pub(crate) fn hides_flushes(&self) -> bool {
        matches!(self, Codec::Http(_))
    }

    /// How long the wait for the worker's consent to a body may last; then the body goes without it.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self {
            Codec::Ajp(_) => None,
            Codec::Http(codec) => codec.patience(),
        }
    }

    /// That wait is over.
    pub(crate) fn stop_awaiting(&mut self) {
        if let Codec::Http(codec) = self {
            codec.stop_awaiting();
        }
    }

    /// Whether the answer says that it was asked for in clear text where TLS is spoken.
    pub(crate) fn wants_tls(&self) -> bool {
        match self {
            Codec::Ajp(_) => false,
            Codec::Http(codec) => codec.wants_tls(),
        }
    }

    /// How long the worker keeps the connection when nothing is asked on it, if it said so.
    pub(crate) fn kept_for(&self) -> Option<Duration> {
        match self {
            Codec::Ajp(_) => None,
            Codec::Http(codec) => codec.kept_for(),
        }
    }
}
