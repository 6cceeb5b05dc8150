//! The socket as OpenSSL sees it: how long its calls wait, and what was seen of the worker.

use crate::way::raw::Raw;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// Room for a whole record, so that its head and body, and what follows, come with one call.
const BUFFER: usize = 17 * 1024;

/// Most bytes that are taken in without one for the reader, when nobody waits for them.
const MOST_UNASKED: usize = 64 * 1024;

/// How long calls wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// Each as the options of the socket say; when one record needs several, none begins after that time.
    AsSet,
    /// Together until then.
    Until(Instant),
    /// Not at all.
    Now,
}

/// A socket below TLS.
#[derive(Debug)]
pub(super) struct Link {
    raw: Raw,
    received: Box<[u8]>,
    start: usize,
    end: usize,
    patience: Patience,
    /// What the socket has as `SO_RCVTIMEO` and `SO_SNDTIMEO`.
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    /// When the first call of an operation began that may need more of them.
    began: Option<Instant>,
    /// Bytes that the operation took in.
    taken: usize,
    /// The first bytes that ever came.
    first: Vec<u8>,
    /// The worker closed the socket.
    ended: bool,
}

/// Bytes of the worker that tell what it speaks.
const FIRST: usize = 8;

impl Link {
    pub(super) fn new(raw: Raw, patience: Patience) -> Link {
        Link {
            raw,
            received: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            patience,
            read_timeout: None,
            write_timeout: None,
            began: None,
            taken: 0,
            first: Vec::new(),
            ended: false,
        }
    }

    pub(super) fn raw(&self) -> &Raw {
        &self.raw
    }

    /// Begins an operation of TLS, which may need several calls.
    pub(super) fn begin(&mut self, patience: Patience) {
        self.patience = patience;
        self.began = None;
        self.taken = 0;
    }

    pub(super) fn set_read_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.raw.set_read_timeout(limit)?;
        self.read_timeout = limit;
        Ok(())
    }

    pub(super) fn set_write_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.raw.set_write_timeout(limit)?;
        self.write_timeout = limit;
        Ok(())
    }

    /// Bytes that came and that TLS has not looked at.
    pub(super) fn pending(&self) -> usize {
        self.end - self.start
    }

    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    fn fill(&mut self) -> io::Result<usize> {
        let got = match self.patience {
            Patience::AsSet => {
                self.has_time(self.read_timeout)?;
                self.receive(RecvFlags::empty())
            }
            Patience::Until(deadline) => self.fill_until(deadline),
            Patience::Now => self.fill_now(),
        }?;
        (self.start, self.end) = (0, got);
        self.taken += got;
        self.ended |= got == 0;
        let wanted = FIRST - self.first.len();
        self.first
            .extend_from_slice(&self.received[..got.min(wanted)]);
        Ok(got)
    }

    /// A worker that drips a record byte by byte, or takes one so, gets the time of one call for it,
    /// and of one more.
    fn has_time(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let Some(limit) = limit else {
            return Ok(());
        };
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) < limit {
            return Ok(());
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn fill_until(&mut self, deadline: Instant) -> io::Result<usize> {
        loop {
            match self.receive(RecvFlags::DONTWAIT) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(&self.raw, PollFlags::IN, deadline)?;
                }
                done => return done,
            }
        }
    }

    fn fill_now(&mut self) -> io::Result<usize> {
        if self.taken >= MOST_UNASKED {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.receive(RecvFlags::DONTWAIT)
    }

    fn receive(&mut self, flags: RecvFlags) -> io::Result<usize> {
        loop {
            match rustix::net::recv(&self.raw, &mut self.received[..], flags) {
                Ok((got, _)) => return Ok(got),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn send(&mut self, bytes: &[u8], flags: SendFlags) -> io::Result<usize> {
        loop {
            match rustix::net::send(&self.raw, bytes, flags | SendFlags::NOSIGNAL) {
                Ok(sent) => return Ok(sent),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start == self.end && self.fill()? == 0 {
            return Ok(0);
        }
        let bytes = buffer.len().min(self.pending());
        buffer[..bytes].copy_from_slice(&self.received[self.start..self.start + bytes]);
        self.start += bytes;
        Ok(bytes)
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.patience {
            Patience::AsSet => {
                self.has_time(self.write_timeout)?;
                self.send(bytes, SendFlags::empty())
            }
            Patience::Now => self.send(bytes, SendFlags::DONTWAIT),
            Patience::Until(deadline) => loop {
                match self.send(bytes, SendFlags::DONTWAIT) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        wait(&self.raw, PollFlags::OUT, deadline)?;
                    }
                    done => return done,
                }
            },
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits for the socket; `WouldBlock` when the deadline has passed.
fn wait(raw: &Raw, events: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let limit = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(raw, events)], limit.as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
