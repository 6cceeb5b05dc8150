//! What a connection runs over.

use super::raw::Raw;
use super::tls::TlsStream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// An open stream to a worker.
#[derive(Debug)]
pub enum Stream {
    /// In clear text.
    Plain(Raw),
    /// In TLS.
    Tls(Box<TlsStream>),
}

/// What a stream is ready for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    /// Bytes, the end of the stream or an error wait to be read.
    pub(super) readable: bool,
    /// It takes bytes.
    pub(super) writable: bool,
}

impl Stream {
    /// The socket below.
    pub fn raw(&self) -> &Raw {
        match self {
            Stream::Plain(raw) => raw,
            Stream::Tls(stream) => stream.raw(),
        }
    }

    /// Limits each read; `None` waits for ever.
    pub(super) fn set_read_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Plain(raw) => raw.set_read_timeout(limit),
            Stream::Tls(stream) => stream.set_read_timeout(limit),
        }
    }

    /// As [`Stream::set_read_timeout`] for each write.
    pub(super) fn set_write_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Plain(raw) => raw.set_write_timeout(limit),
            Stream::Tls(stream) => stream.set_write_timeout(limit),
        }
    }

    /// Says that nothing more will be sent.
    pub(super) fn end_writing(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(raw) => raw.end_writing(),
            Stream::Tls(stream) => stream.end_writing(),
        }
    }

    /// Bytes that the socket no longer has and that nobody has read.
    pub(super) fn held(&self) -> usize {
        match self {
            Stream::Plain(_) => 0,
            Stream::Tls(stream) => stream.pending(),
        }
    }

    /// Waits up to `limit` until something can be read or written; neither when the time is up.
    pub(super) fn poll(&self, limit: Option<Duration>) -> io::Result<Ready> {
        // A limit that no timespec can hold is none.
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut fds = [PollFd::new(self.raw(), PollFlags::IN | PollFlags::OUT)];
        while let Err(error) = poll(&mut fds, limit.as_ref()) {
            if error != Errno::INTR {
                return Err(error.into());
            }
        }
        let [fd] = fds;
        let found = fd.revents();
        Ok(Ready {
            readable: found.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR),
            writable: found.contains(PollFlags::OUT),
        })
    }

    /// Waits up to `limit` until something can be read, of this stream or of `other`: which of them.
    pub(super) fn poll_beside(
        &self,
        other: Option<BorrowedFd<'_>>,
        limit: Duration,
    ) -> io::Result<(bool, bool)> {
        let limit = Timespec::try_from(limit).ok();
        let own = self.raw().as_fd();
        // The same twice asks for nothing more.
        let beside = other.unwrap_or(own);
        let mut fds = [own, beside].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [own, beside] = fds.map(|fd| !fd.revents().is_empty());
        Ok((own, beside && other.is_some()))
    }

    /// Writes what is taken without waiting: `WouldBlock` when that is nothing, or not a whole record;
    /// the next write then begins with the same bytes.
    pub(super) fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(raw) => raw.write_now(bytes),
            Stream::Tls(stream) => stream.write_now(bytes),
        }
    }

    /// Writes some bytes of these parts, in one go; in TLS of the first alone.
    pub(super) fn write_parts(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, parts) {
            (Stream::Plain(raw), [part]) => raw.write(part),
            (Stream::Plain(raw), parts) => raw.write_vectored(parts),
            (Stream::Tls(stream), parts) => {
                let part = parts.iter().find(|part| !part.is_empty());
                stream.write(part.map_or(&[][..], |part| part))
            }
        }
    }

    /// Reads what is there, without waiting: `WouldBlock` when that is nothing.
    pub(super) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(raw) => raw.read_now(buffer),
            Stream::Tls(stream) => stream.read_now(buffer),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(raw) => raw.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(raw) => raw.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
