//! What a connection runs over.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// An open stream to a worker.
#[derive(Debug)]
pub enum Stream {
    /// To a host and port.
    Tcp(TcpStream),
    /// To a socket of this host.
    Unix(UnixStream),
}

impl Stream {
    /// Limits each read; `None` waits for ever.
    pub(super) fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_read_timeout(limit),
            Stream::Unix(stream) => stream.set_read_timeout(limit),
        }
    }

    /// As [`Stream::set_read_timeout`] for each write.
    pub(super) fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_write_timeout(limit),
            Stream::Unix(stream) => stream.set_write_timeout(limit),
        }
    }

    /// Says that nothing more will be sent.
    pub(super) fn end_writing(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    /// Waits up to `limit` until something can be read or written; neither when the time is up.
    pub(super) fn poll(&self, limit: Option<Duration>) -> io::Result<Ready> {
        // A limit that no timespec can hold is none.
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let mut fds = [PollFd::new(self, PollFlags::IN | PollFlags::OUT)];
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

    /// Writes what is taken without waiting: `WouldBlock` when that is nothing.
    pub(super) fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::net::send(&*self, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(bytes) => return Ok(bytes),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads what is there, without waiting: `WouldBlock` when that is nothing.
    pub(super) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::net::recv(&*self, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((bytes, _)) => return Ok(bytes),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a stream is ready for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    /// Bytes, the end of the stream or an error wait to be read.
    pub(super) readable: bool,
    /// It takes bytes.
    pub(super) writable: bool,
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
