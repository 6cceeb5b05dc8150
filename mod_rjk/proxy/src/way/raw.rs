//! A socket to a worker.

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A connected socket.
#[derive(Debug)]
pub enum Raw {
    /// To a host and port.
    Tcp(TcpStream),
    /// To a socket of this host.
    Unix(UnixStream),
}

impl Raw {
    /// Limits each read; `None` waits for ever.
    ///
    /// # Errors
    /// As setsockopt(2).
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Raw::Tcp(stream) => stream.set_read_timeout(limit),
            Raw::Unix(stream) => stream.set_read_timeout(limit),
        }
    }

    /// As [`Raw::set_read_timeout`] for each write.
    ///
    /// # Errors
    /// As setsockopt(2).
    pub fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Raw::Tcp(stream) => stream.set_write_timeout(limit),
            Raw::Unix(stream) => stream.set_write_timeout(limit),
        }
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// As shutdown(2).
    pub fn end_writing(&self) -> io::Result<()> {
        match self {
            Raw::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Raw::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    /// Reads what is there, without waiting.
    ///
    /// # Errors
    /// As recv(2); `WouldBlock` when nothing is there.
    pub fn read_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::net::recv(self, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((bytes, _)) => return Ok(bytes),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes what fits, without waiting.
    ///
    /// # Errors
    /// As send(2); `WouldBlock` when nothing fits.
    pub fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        loop {
            match rustix::net::send(self, bytes, flags) {
                Err(Errno::INTR) => {}
                done => return Ok(done?),
            }
        }
    }
}

impl AsFd for Raw {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Raw::Tcp(stream) => stream.as_fd(),
            Raw::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Raw::Tcp(stream) => stream.read(buffer),
            Raw::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Raw::Tcp(stream) => stream.write(bytes),
            Raw::Unix(stream) => stream.write(bytes),
        }
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Raw::Tcp(stream) => stream.write_vectored(parts),
            Raw::Unix(stream) => stream.write_vectored(parts),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
