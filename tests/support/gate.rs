//! Requests that are held back for as long as a test wants.

use crate::Result;
use crate::peer::{Script, Step};
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A gate that nobody opened for so long is a test that went wrong.
const LIMIT: Duration = Duration::from_secs(60);
/// Pause between two looks at whether the peer is being stopped.
const STEP: Duration = Duration::from_millis(20);

/// Holds back whoever comes to it, until it is opened or dropped; open, it stays open.
#[derive(Debug, Default)]
pub struct Gate(Arc<Door>);

/// What waits at a gate.
#[derive(Debug, Default)]
pub(crate) struct Door {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// A shut one.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Lets all go that wait, and all that come later.
    pub fn open(&self) {
        self.0.open();
    }

    /// A peer's step that waits for this gate.
    pub fn step(&self) -> Step {
        self.step_for("")
    }

    /// A peer that holds every request, its body read, until this gate opens, and echoes then.
    pub fn script(&self) -> Script {
        Script::new([Step::ReadBody, self.step(), Step::Echo])
    }

    /// A peer's step that opens this gate: the test waits for what the peer did.
    pub fn opening_step(&self) -> Step {
        let door = Arc::clone(&self.0);
        Step::run(move |_| {
            door.open();
            Ok(())
        })
    }

    /// Waits until a peer opened this gate.
    pub fn wait(&self) -> Result {
        Ok(self.0.pass(|| false)?)
    }

    /// For peers of other kinds.
    pub(crate) fn door(&self) -> Arc<Door> {
        Arc::clone(&self.0)
    }

    /// A peer's step that waits for this gate when the request's URI starts with `prefix`.
    pub fn step_for(&self, prefix: &'static str) -> Step {
        let door = Arc::clone(&self.0);
        Step::run(move |connection| {
            if !connection.request().uri.starts_with(prefix) {
                return Ok(());
            }
            door.pass(|| connection.is_stopping())
        })
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

impl Door {
    fn open(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    /// Waits until the gate is open, or `given_up` says that nobody needs it any more.
    pub(crate) fn pass(&self, given_up: impl Fn() -> bool) -> io::Result<()> {
        let start = Instant::now();
        let mut is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_open && !given_up() {
            if start.elapsed() > LIMIT {
                return Err(io::Error::other("the gate stayed shut"));
            }
            let woken = self.opened.wait_timeout(is_open, STEP);
            is_open = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

/// A peer that holds requests for `/hold…` until the gate opens, closes the connection at `/fail…`,
/// and echoes everything else.
pub fn gated() -> (Gate, Script) {
    let gate = Gate::new();
    let fail = Step::run(|connection| {
        if connection.request().uri.starts_with("/fail") {
            return connection.step(&Step::Close);
        }
        Ok(())
    });
    let script = Script::new([fail, gate.step_for("/hold"), Step::Echo]);
    (gate, script)
}
