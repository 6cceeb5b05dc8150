//! Requests that are held back for as long as a test wants.

use crate::farm::Farm;
use rjk_testbed::Result;
use rjk_testbed::client::{self, ClientError, Request, Response};
use rjk_testbed::peer::{Script, Step};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Holds requests back at a peer until it is opened or dropped.
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Lets all of them go.
    pub fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// A peer that holds requests for `/hold…` until the gate opens, closes the connection at `/fail…`,
/// and echoes everything else.
pub fn gated() -> (Gate, Script) {
    let gate = Gate(Arc::default());
    let open = Arc::clone(&gate.0);
    let wait = Step::run(move |connection| {
        let uri = connection.request().uri;
        if uri.starts_with("/fail") {
            return connection.step(&Step::Close);
        }
        while uri.starts_with("/hold") && !open.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    (gate, Script::new([wait, Step::Echo]))
}

/// A request that is under way in a thread of its own.
pub struct Pending(JoinHandle<Result<Response, ClientError>>);

impl Pending {
    /// Sends a request on a new connection.
    pub fn start(farm: &Farm, request: Request) -> Pending {
        let port = farm.httpd.port();
        Pending(std::thread::spawn(move || client::send(port, request)))
    }

    /// The answer.
    pub fn response(self) -> Result<Response> {
        let joined = self.0.join();
        Ok(joined.map_err(|_| rjk_testbed::Error::msg("the client panicked"))??)
    }
}
