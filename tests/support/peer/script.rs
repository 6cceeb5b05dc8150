//! What a peer does, step by step.

use super::connection::Connection;
use super::packet::{self, Head};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// One thing that a peer does on a connection.
#[derive(Clone)]
pub enum Step {
    /// Sends these bytes as they are.
    Send(Vec<u8>),
    /// Sends these bytes one by one with a pause after each.
    Trickle(Vec<u8>, Duration),
    /// Sends a response head.
    Head(Head),
    /// Sends data in as many chunks as it needs.
    Chunk(Vec<u8>),
    /// Sends an empty chunk, which asks for a flush.
    Flush,
    /// Ends the response; the flag says whether the connection may be reused.
    End(bool),
    /// Asks for that many body bytes and reads the packet that comes.
    GetBody(u16),
    /// Reads one body packet that was not asked for.
    ReadPacket,
    /// Reads the rest of the body, asking for it as Tomcat does.
    ReadBody,
    /// Answers 200 with a text of `key=value` lines: peer, route, method, uri, query, body length.
    Echo,
    /// Pauses.
    Sleep(Duration),
    /// Reads nothing and sends nothing until the client goes away or the peer is stopped.
    Stall,
    /// Closes in order.
    Close,
    /// Closes with a reset.
    Reset,
    /// Anything else.
    Run(Action),
}

/// What [`Step::Run`] calls.
pub type Action = Arc<dyn Fn(&mut Connection) -> io::Result<()> + Send + Sync>;

impl Step {
    /// [`Step::Run`] of a closure.
    pub fn run(action: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static) -> Step {
        Step::Run(Arc::new(action))
    }

    /// [`Step::Chunk`] of a text.
    pub fn text(text: &str) -> Step {
        Step::Chunk(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Step::Send(bytes) => return write!(f, "Send({} bytes)", bytes.len()),
            Step::Trickle(bytes, pause) => {
                return write!(f, "Trickle({} bytes, {pause:?})", bytes.len());
            }
            Step::Head(head) => return write!(f, "Head({})", head.status),
            Step::Chunk(data) => return write!(f, "Chunk({} bytes)", data.len()),
            Step::End(reuse) => return write!(f, "End({reuse})"),
            Step::GetBody(wanted) => return write!(f, "GetBody({wanted})"),
            Step::Sleep(pause) => return write!(f, "Sleep({pause:?})"),
            Step::Flush => "Flush",
            Step::ReadPacket => "ReadPacket",
            Step::ReadBody => "ReadBody",
            Step::Echo => "Echo",
            Step::Stall => "Stall",
            Step::Close => "Close",
            Step::Reset => "Reset",
            Step::Run(_) => "Run",
        };
        f.write_str(name)
    }
}

/// What a peer does when a connection comes, at a CPING, and at each request.
#[derive(Clone, Debug)]
pub struct Script {
    /// Before anything is read from a new connection.
    pub on_accept: Vec<Step>,
    /// Instead of nothing: the answer to a CPING.
    pub on_ping: Vec<Step>,
    /// For the first request, the second and so on, over all connections; the last repeats.
    pub on_request: Vec<Vec<Step>>,
}

impl Default for Script {
    /// The echo peer.
    fn default() -> Script {
        Script::new([Step::Echo])
    }
}

impl Script {
    /// Answers pings, and does these steps at every request.
    pub fn new(steps: impl Into<Vec<Step>>) -> Script {
        Script {
            on_accept: Vec::new(),
            on_ping: vec![Step::Send(packet::CPONG.to_vec())],
            on_request: vec![steps.into()],
        }
    }

    /// Reads the body and answers `head`, `body` and a reusable end.
    pub fn answer(head: Head, body: impl Into<Vec<u8>>) -> Script {
        let body = Step::Chunk(body.into());
        Script::new([Step::ReadBody, Step::Head(head), body, Step::End(true)])
    }

    /// Does other steps from the next request on.
    pub fn then(mut self, steps: impl Into<Vec<Step>>) -> Script {
        self.on_request.push(steps.into());
        self
    }

    /// Echoes from the next request on.
    pub fn then_echo(self) -> Script {
        self.then([Step::Echo])
    }

    /// Does these steps when a connection comes.
    pub fn on_accept(mut self, steps: impl Into<Vec<Step>>) -> Script {
        self.on_accept = steps.into();
        self
    }

    /// Does these steps at a CPING; none means no answer.
    pub fn on_ping(mut self, steps: impl Into<Vec<Step>>) -> Script {
        self.on_ping = steps.into();
        self
    }

    /// The steps of request number `index`.
    pub(super) fn request_steps(&self, index: usize) -> Vec<Step> {
        let last = self.on_request.len().saturating_sub(1);
        self.on_request
            .get(index.min(last))
            .cloned()
            .unwrap_or_default()
    }
}

impl<const N: usize> From<[Step; N]> for Script {
    fn from(steps: [Step; N]) -> Script {
        Script::new(steps)
    }
}
