//! A request that is under way in a thread of its own.

use super::{Request, Response, send};
use crate::{Error, Result};
use std::thread::JoinHandle;

/// A request that was sent on a connection of its own, and whose answer is awaited later.
#[derive(Debug)]
pub struct Pending(JoinHandle<Result<Response, super::ClientError>>);

impl Pending {
    /// Sends it to a port of 127.0.0.1.
    pub fn start(port: u16, request: Request) -> Pending {
        Pending(std::thread::spawn(move || send(port, request)))
    }

    /// Whether the answer is there.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// The answer.
    pub fn response(self) -> Result<Response> {
        let joined = self.0.join();
        Ok(joined.map_err(|_| Error::msg("the client panicked"))??)
    }
}
