//! The client's side of a request, as the pump sees it.

use crate::tunnel::{TunnelEnd, TunnelLimits, Tunnelled};
use rjk_message::ResponseHead;
use std::os::fd::BorrowedFd;

/// The response could not be handed on: the client's connection broke, or httpd refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientError;

/// The request body broke off, or was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBody {
    /// The HTTP status that says so to the client: 400, 408, 413 and such.
    pub status: u16,
    /// The client ended or lost its connection, and will hardly see the status.
    pub left: bool,
}

impl BrokenBody {
    /// It ended before its announced length.
    pub const SHORT: BrokenBody = BrokenBody::refused(400);

    /// The client is there, and gets this status.
    pub const fn refused(status: u16) -> BrokenBody {
        BrokenBody {
            status,
            left: false,
        }
    }
}

/// What follows the body bytes that were just sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// More bytes will come; keep them together as you like.
    More,
    /// Let the client see everything now.
    Flush,
    /// The response is complete.
    End,
}

/// Whether a part of the request body is there.
#[derive(Clone, Copy, Debug)]
pub enum BodyReady<'a> {
    /// It is, or the body has ended or broken; or only a read that waits can tell.
    Yes,
    /// Not yet. The descriptor becomes readable when it is worth asking again; without one somebody has
    /// to ask now and then.
    NotYet(Option<BorrowedFd<'a>>),
}

/// The client: gives the request body, takes the response.
pub trait Downstream {
    /// Reads request body bytes, blocking. `Ok(0)` is the end of a whole body, and of nothing else:
    /// Tomcat is told so.
    fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize, BrokenBody>;

    /// Whether [`Downstream::read_body`] would have to wait; up to `most` bytes are taken in for it.
    fn body_ready(&mut self, most: usize) -> BodyReady<'_> {
        let _ = most;
        BodyReady::Yes
    }

    /// The response head. Called once; what was passed here is never taken back.
    /// `cookie` is the value of a `Set-Cookie` header of ours, sent after Tomcat's (RS-08).
    fn start(&mut self, head: &ResponseHead, cookie: Option<&[u8]>) -> Result<(), ClientError>;

    /// Body bytes in order, possibly none. The slices are only valid during the call.
    fn send(&mut self, body: &[&[u8]], then: Then) -> Result<(), ClientError>;

    /// Fields that announce the answer, for a client that can make something of them (103).
    fn hint(&mut self, head: &ResponseHead) {
        let _ = head;
    }

    /// Whether the client's connection can become a tunnel: asked before a worker is.
    ///
    /// # Errors
    /// Why it cannot.
    fn can_tunnel(&self) -> Result<(), &'static str> {
        Err(NO_TUNNEL)
    }

    /// Sends the client this head of status 101, and moves bytes between it and the worker until
    /// one of them is done. Called instead of [`Downstream::start`], as the last call.
    fn tunnel(
        &mut self,
        head: &ResponseHead,
        worker: &mut dyn TunnelEnd,
        limits: TunnelLimits,
    ) -> Tunnelled {
        let _ = (head, worker, limits);
        Tunnelled::refused(NO_TUNNEL)
    }
}

const NO_TUNNEL: &str = "this client does not change protocols";
