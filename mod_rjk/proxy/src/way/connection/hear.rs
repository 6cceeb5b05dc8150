//! Waits for a worker that may speak before it is asked to.

use super::{Connection, Look, not_taken, time_left};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// What became of bytes that were to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// So many were taken, at least one.
    Bytes(usize),
    /// None: the worker speaks.
    Heard,
}

/// Who ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The worker spoke; what it said is pending.
    Worker,
    /// The other descriptor is ready.
    Other,
    /// Nobody, or none with anything to say.
    Nobody,
}

impl Connection {
    /// Sends what the worker takes now, and looks at the same time whether it speaks: a worker that
    /// answers before it has read everything would otherwise wait for us, and we for it. What it said is
    /// pending then.
    ///
    /// # Errors
    /// As [`Connection::send`]; `BrokenPipe` when the worker ended the connection.
    pub fn send_or_hear(&mut self, bytes: &[u8], limit: Option<Duration>) -> io::Result<Sent> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let mut readable = self.stream.held() > 0;
        if let Some(error) = self.failure() {
            return Err(error);
        }
        loop {
            if readable {
                match self.look() {
                    Look::Spoke => return Ok(Sent::Heard),
                    Look::Ended => return Err(self.end_of_hearing()),
                    // What TLS says to itself is nothing to hear.
                    Look::Quiet => {}
                }
            }
            let left = time_left(deadline).ok_or_else(not_taken)?;
            let ready = self.stream.poll(left)?;
            readable = ready.readable;
            if readable || !ready.writable {
                continue;
            }
            match self.stream.write_now(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.moved.sent += n as u64;
                    return Ok(Sent::Bytes(n));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits up to `limit` until the worker speaks or something can be read of `other`.
    ///
    /// # Errors
    /// As [`Connection::send_or_hear`].
    pub fn hear_beside(
        &mut self,
        other: Option<BorrowedFd<'_>>,
        limit: Duration,
    ) -> io::Result<Woken> {
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let (own, other) = match self.stream.held() {
            0 => self.stream.poll_beside(other, limit)?,
            _ => (true, false),
        };
        if !own {
            return Ok(if other { Woken::Other } else { Woken::Nobody });
        }
        match self.look() {
            Look::Spoke => Ok(Woken::Worker),
            Look::Ended => Err(self.end_of_hearing()),
            Look::Quiet if other => Ok(Woken::Other),
            Look::Quiet => Ok(Woken::Nobody),
        }
    }

    /// Why nothing more is sent to a worker that ended the connection.
    fn end_of_hearing(&mut self) -> io::Error {
        let failure = self.failure();
        failure.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}
