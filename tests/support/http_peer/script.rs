//! What a peer does, step by step.

use super::connection::Connection;
use crate::gate::Gate;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// One thing that a peer does on a connection.
#[derive(Clone)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes below TLS, as they are.
    SendBelow(Vec<u8>),
    /// Sends these bytes one by one with a pause after each.
    Trickle(Vec<u8>, Duration),
    /// Reads the rest of the body.
    ReadBody,
    /// Reads the body, and answers 200 with a text of `key=value` lines: peer, method, target, body length.
    Echo,
    /// Pauses.
    Sleep(Duration),
    /// Reads nothing and sends nothing until the client goes away or the peer is stopped.
    Stall,
    /// Sends no more, and reads what comes until the client closes.
    FinishSending,
    /// Closes in order.
    Close,
    /// Closes without TLS's word for it.
    Cut,
    /// Closes with a reset.
    Reset,
    /// Serves no more, and leaves the connection open until the peer stops.
    Leave,
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

    /// [`Step::Send`] of a text; its characters up to U+00FF become one byte each.
    pub fn text(text: &str) -> Step {
        Step::Send(
            text.chars()
                .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
                .collect(),
        )
    }

    /// Waits until a gate is open.
    pub fn gate(gate: &Gate) -> Step {
        let door = gate.door();
        Step::run(move |connection| door.pass(|| connection.is_stopping()))
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Step::Send(bytes) => return write!(f, "Send({})", bytes.escape_ascii()),
            Step::SendBelow(bytes) => return write!(f, "SendBelow({} bytes)", bytes.len()),
            Step::Trickle(bytes, pause) => {
                return write!(f, "Trickle({} bytes, {pause:?})", bytes.len());
            }
            Step::Sleep(pause) => return write!(f, "Sleep({pause:?})"),
            Step::ReadBody => "ReadBody",
            Step::Echo => "Echo",
            Step::Stall => "Stall",
            Step::FinishSending => "FinishSending",
            Step::Close => "Close",
            Step::Cut => "Cut",
            Step::Reset => "Reset",
            Step::Leave => "Leave",
            Step::Run(_) => "Run",
        };
        f.write_str(name)
    }
}

/// What a peer does when a connection comes and at each request.
#[derive(Clone, Debug)]
pub struct Script {
    /// Before anything is read from a new connection.
    pub on_accept: Vec<Step>,
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
    /// Does these steps at every request.
    pub fn new(steps: impl Into<Vec<Step>>) -> Script {
        Script {
            on_accept: Vec::new(),
            on_request: vec![steps.into()],
        }
    }

    /// Reads the body and sends this answer, byte by byte as it stands here.
    pub fn answer(text: &str) -> Script {
        Script::new([Step::ReadBody, Step::text(text)])
    }

    /// Sends this answer and closes, whatever is left of the request.
    pub fn answer_unread(text: &str) -> Script {
        Script::new([Step::text(text), Step::Close])
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

    /// The steps of request number `index`.
    pub(super) fn request_steps(&self, index: usize) -> Vec<Step> {
        let last = self.on_request.len().saturating_sub(1);
        let steps = self.on_request.get(index.min(last));
        steps.cloned().unwrap_or_default()
    }
}

impl<const N: usize> From<[Step; N]> for Script {
    fn from(steps: [Step; N]) -> Script {
        Script::new(steps)
    }
}
