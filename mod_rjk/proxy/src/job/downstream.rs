//! The client's side of a request, as the pump sees it.

use rjk_message::ResponseHead;

/// The client failed: its connection broke, or its body did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientError;

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

/// The client: gives the request body, takes the response.
pub trait Downstream {
    /// Reads request body bytes, blocking. `Ok(0)` is the end of the body.
    fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize, ClientError>;

    /// The response head. Called once; what was passed here is never taken back.
    /// `cookie` is the value of a `Set-Cookie` header of ours, sent after Tomcat's (RS-08).
    fn start(&mut self, head: &ResponseHead, cookie: Option<&[u8]>) -> Result<(), ClientError>;

    /// Body bytes in order, possibly none. The slices are only valid during the call.
    fn send(&mut self, body: &[&[u8]], then: Then) -> Result<(), ClientError>;
}
