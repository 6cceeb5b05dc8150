//! Why an attempt failed.

use super::downstream::BrokenBody;
use super::wire::WireError;
use crate::way::connector::ConnectError;
use bstr::BString;
use rjk_ajp::RequestTooLarge;
use rjk_balance::Missing;
use rjk_config::model::FailStatus;
use rjk_http1::request::RequestError;
use std::io;
use std::time::Duration;
use thiserror::Error;

/// The cause, with what is known of it.
#[derive(Debug, Error)]
pub enum Cause {
    /// F-03: the pool has no free place.
    #[error("no free connection within {0:?}")]
    NoPlace(Duration),
    /// F-03: the pool has no place for a part of a page that has one itself.
    #[error("the page that includes this part, and others like it, hold the connections")]
    NoPlaceForPart,
    /// the worker has no address.
    #[error("the worker has no address (host does not resolve, or port=0)")]
    NoAddress,
    /// Its certificates could not be read, and it is not spoken to without.
    #[error("TLS with the worker could not be set up when httpd was restarted")]
    NoTls,
    /// F-13: no member can take the request.
    #[error("{}", missing_text(.0))]
    NoMember(Missing),
    /// F-05: too many requests in flight on this worker.
    #[error("busy_limit {limit} is reached")]
    BusyLimit {
        /// The configured limit.
        limit: u32,
    },
    /// F-04: the request head does not fit into one packet.
    #[error(transparent)]
    TooLarge(#[from] RequestTooLarge),
    /// F-06: the connection could not be opened.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// F-06: no CPONG came, or no answer to a probe.
    #[error("{0}")]
    Ping(#[source] io::Error),
    /// F-06: the request could not be sent.
    #[error("{0}")]
    Send(#[source] io::Error),
    /// F-07: the worker closed the connection between two packets.
    #[error("the worker closed the connection")]
    Closed,
    /// F-07: the connection broke.
    #[error("{0}")]
    Broken(#[source] io::Error),
    /// F-11, F-11b: nothing came in time.
    #[error("no whole part of the answer within the reply_timeout of {0:?}")]
    ReplyTimeout(Duration),
    /// A-05, F-07: a packet did not come in time.
    #[error("no whole part of the answer within the socket_timeout of {0:?}")]
    SocketTimeout(Duration),
    /// F-11b: the connection broke while a reply_timeout was set.
    #[error("{error}, within the reply_timeout of {limit:?}")]
    BrokenReply {
        /// What the socket said.
        #[source]
        error: io::Error,
        /// The timeout.
        limit: Duration,
    },
    /// The response's body is not as long as its Content-Length.
    #[error("Content-Length of the response announced {announced} bytes, {arrived} arrived")]
    WrongLength {
        /// Content-Length.
        announced: u64,
        /// Bytes so far.
        arrived: u64,
    },
    /// The request cannot be written in the worker's protocol.
    #[error(transparent)]
    Unwritable(#[from] RequestError),
    /// The client's connection cannot become a WebSocket.
    #[error("no WebSocket: {0}")]
    NoTunnel(&'static str),
    /// The member that has the session, or that stands in for it, has no WebSocket, and others have.
    #[error("no WebSocket: it is for member {0}, which has none")]
    MemberWithoutWebSocket(BString),
    /// F-13, for a WebSocket where only some members have them.
    #[error("the members with websocket = true cannot take a WebSocket: {}", missing_text(.0))]
    NoMemberWithWebSocket(Missing),
    /// As many WebSockets as this child may have are open on the worker.
    #[error("websocket_max {0} is reached in this child")]
    TunnelLimit(u32),
    /// F-08, F-09, F-10.
    #[error(transparent)]
    Protocol(#[from] WireError),
    /// F-12: a status that the configuration declares a failure.
    #[error("the worker answered {}, which fail_on_status names", .0.status)]
    FailOnStatus(FailStatus),
    /// The worker gave the connection up after the client had stalled: what the worker did is no
    /// fault of its own.
    #[error("the worker closed the connection, after the client had kept it waiting for {0:?}")]
    KeptWaiting(Duration),
    /// F-07: a connection ended that was kept from another request, as soon as it had this one: most
    /// likely the worker closed it for idle, and saw nothing of the request.
    #[error("{0}, which was kept from another request")]
    Kept(#[source] Box<Cause>),
    /// F-14: the request body could not be read from the client.
    #[error("the request body could not be read from the client")]
    ClientRead(BrokenBody),
    /// F-15: the response could not be written to the client.
    #[error("the client went away")]
    ClientWrite,
}

/// Why a probe failed that was answered (within [`Cause::Ping`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the answer to the probe ends the connection: probe a path that keeps it")]
pub struct ProbeEndsConnection;

fn missing_text(missing: &Missing) -> &'static str {
    match missing {
        Missing::Unusable => "all members are busy, in error, disabled or stopped",
        Missing::StickyForce => {
            "the member of the session is unusable and sticky_session_force allows no other"
        }
    }
}

impl Cause {
    /// What the stream said, if it was the stream.
    pub(super) fn stream(&self) -> Option<&io::Error> {
        match self {
            Cause::Ping(error)
            | Cause::Send(error)
            | Cause::Broken(error)
            | Cause::BrokenReply { error, .. } => Some(error),
            _ => None,
        }
    }

    pub(super) fn into_stream(self) -> Option<io::Error> {
        match self {
            Cause::Ping(error)
            | Cause::Send(error)
            | Cause::Broken(error)
            | Cause::BrokenReply { error, .. } => Some(error),
            _ => None,
        }
    }
}
