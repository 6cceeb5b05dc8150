//! TLS over a socket to a worker.

use super::agreed::TlsAgreed;
use super::certificate::{issuer, subject, system_time};
use super::error::TlsError;
use super::link::{Link, Patience};
use super::queue::{CleanQueue, said};
use super::reason::{self, Us};
use super::sessions::Sessions;
use crate::way::raw::Raw;
use openssl::ssl::{Error, ErrorCode, Ssl, SslStream};
use openssl::x509::X509Ref;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime};

/// Most bytes of a record.
const RECORD: usize = 16 * 1024;

/// TLS over a socket to a worker. Reads and writes as the socket itself: what it waits is limited by
/// [`TlsStream::set_read_timeout`] and [`TlsStream::set_write_timeout`], and `WouldBlock` says that the
/// time is over.
///
/// `Ok(0)` is the end that TLS has a message for. A connection that just ends, between two records or in
/// the middle of one, is an error, `UnexpectedEof`: anybody on the way can do that.
///
/// A write that ended with `WouldBlock` has taken the first record of its bytes, and sent a part of it.
/// The next write begins with the same bytes, else it is an error, `InvalidInput`.
#[derive(Debug)]
pub struct TlsStream {
    ssl: SslStream<Link>,
    state: State,
    /// A read failed: nothing more comes, not even an end in order.
    cut: bool,
    us: Us,
    /// How long the handshake took.
    handshake: Duration,
}

/// What can still be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// A record was not sent to its end.
    Unfinished {
        length: usize,
        digest: u64,
    },
    /// The worker was told that nothing more comes.
    Closed,
    /// Broken: nothing more is sent.
    Broken,
}

impl TlsStream {
    pub(super) fn connect(
        ssl: Ssl,
        raw: Raw,
        us: Us,
        deadline: Instant,
    ) -> Result<TlsStream, TlsError> {
        let link = Link::new(raw, Patience::Until(deadline));
        let stream = SslStream::new(ssl, link);
        let mut ssl = stream.map_err(|errors| TlsError::Other(said(&errors)))?;
        let began = Instant::now();
        if let Err(error) = ssl.connect() {
            return Err(reason::of_handshake(&ssl, error, us));
        }
        Sessions::keep_resumed(ssl.ssl());
        let us = us.after_handshake(ssl.ssl());
        Ok(TlsStream {
            ssl,
            state: State::Open,
            cut: false,
            us,
            handshake: began.elapsed(),
        })
    }

    /// The socket, to be waited for.
    pub fn raw(&self) -> &Raw {
        self.ssl.get_ref().raw()
    }

    /// Limits each read; `None` waits for ever.
    ///
    /// # Errors
    /// As setsockopt(2).
    pub fn set_read_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.ssl.get_mut().set_read_timeout(limit)
    }

    /// As [`TlsStream::set_read_timeout`] for each write.
    ///
    /// # Errors
    /// As setsockopt(2).
    pub fn set_write_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.ssl.get_mut().set_write_timeout(limit)
    }

    /// Reads what is there, without waiting. What TLS has to say to itself, as the tickets of TLS 1.3
    /// that come with the first answer, is taken in and is nothing to read.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; else as a read.
    pub fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(buffer, Patience::Now)
    }

    /// Writes what fits, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` when a record could not be sent to its end; else as a write.
    pub fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_with(bytes, Patience::Now)
    }

    /// Bytes that came and were not read, some of which may be none for the reader. A socket that is
    /// quiet says nothing of them: only when there are none is it of use to wait for it.
    pub fn pending(&self) -> usize {
        self.ssl.ssl().pending() + self.ssl.get_ref().pending()
    }

    /// Whether the handshake took up an earlier session.
    pub fn is_resumed(&self) -> bool {
        self.ssl.ssl().session_reused()
    }

    /// Until when the worker's certificate is valid; nothing of a session that was taken up.
    pub fn worker_certificate_end(&self) -> Option<SystemTime> {
        let _clean = CleanQueue::begin();
        system_time(self.ssl.ssl().peer_certificate()?.not_after())
    }

    /// What the handshake came to.
    pub fn agreed(&self) -> TlsAgreed {
        let _clean = CleanQueue::begin();
        let ssl = self.ssl.ssl();
        let cipher = ssl.current_cipher();
        let cipher = cipher.map(|cipher| cipher.standard_name().unwrap_or(cipher.name()));
        let worker = ssl.peer_certificate();
        let name = |of: fn(&X509Ref) -> String| worker.as_deref().map(of).unwrap_or_default();
        TlsAgreed {
            version: ssl.version_str().to_owned(),
            cipher: cipher.unwrap_or_default().to_owned(),
            subject: name(subject),
            issuer: name(issuer),
            end: worker
                .as_ref()
                .and_then(|worker| system_time(worker.not_after())),
            handshake: self.handshake,
        }
    }

    /// Says that nothing more will be sent, in TLS and to the socket. Does not wait: a worker that
    /// takes nothing in does not hear of it.
    ///
    /// # Errors
    /// As shutdown(2).
    pub fn end_writing(&mut self) -> io::Result<()> {
        self.say_end();
        self.raw().end_writing()
    }

    fn read_with(&mut self, buffer: &mut [u8], patience: Patience) -> io::Result<usize> {
        // After an alert OpenSSL says that the worker ended it in order.
        if self.cut {
            return Err(TlsError::Truncated.into());
        }
        let _clean = CleanQueue::begin();
        self.ssl.get_mut().begin(patience);
        loop {
            match self.ssl.ssl_read(buffer) {
                Ok(bytes) => {
                    self.us = Us::Accepted;
                    return Ok(bytes);
                }
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => return self.end(),
                Err(error) if is_again(&error) => {}
                Err(error) if reason::would_block(&error) => return Err(would_block()),
                Err(error) => return Err(self.cut(error)),
            }
        }
    }

    /// The end that TLS has a message for, and no other.
    fn end(&mut self) -> io::Result<usize> {
        if self.ssl.get_ref().has_ended() {
            self.cut = true;
            return Err(TlsError::Truncated.into());
        }
        Ok(0)
    }

    fn write_with(&mut self, bytes: &[u8], patience: Patience) -> io::Result<usize> {
        let _clean = CleanQueue::begin();
        match self.state {
            State::Open => {}
            State::Unfinished { length, digest } if bytes.get(..length).map(of) == Some(digest) => {
            }
            State::Unfinished { .. } => return Err(other_bytes()),
            State::Closed | State::Broken => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        self.ssl.get_mut().begin(patience);
        match self.ssl.ssl_write(bytes) {
            Ok(taken) => {
                self.state = State::Open;
                Ok(taken)
            }
            Err(error) if reason::would_block(&error) => {
                let length = bytes.len().min(RECORD);
                self.state = State::Unfinished {
                    length,
                    digest: of(&bytes[..length]),
                };
                Err(would_block())
            }
            Err(error) => Err(self.refused(error)),
        }
    }

    /// A worker that ends TLS says why before it closes; a write finds only the closed socket. An answer
    /// that is there instead stays for the next read.
    fn refused(&mut self, error: Error) -> io::Error {
        let error = self.broken(error);
        if TlsError::of(&error).is_some() {
            return error;
        }
        self.ssl.get_mut().begin(Patience::Now);
        loop {
            match self.ssl.ssl_peek(&mut [0; 1]) {
                Err(said) if said.code() == ErrorCode::SSL => return self.cut(said),
                Err(said) if is_again(&said) => {}
                _ => return error,
            }
        }
    }

    fn cut(&mut self, error: Error) -> io::Error {
        self.cut = true;
        self.broken(error)
    }

    /// What came before a write failed can still be read, unless it is TLS itself that failed.
    fn broken(&mut self, error: Error) -> io::Error {
        self.state = State::Broken;
        self.cut |= error.code() == ErrorCode::SSL;
        reason::of_stream(&self.ssl, error, self.us).into()
    }

    fn say_end(&mut self) {
        if self.state != State::Open {
            return;
        }
        let _clean = CleanQueue::begin();
        self.state = State::Closed;
        self.ssl.get_mut().begin(Patience::Now);
        // One who does not hear of it sees the socket closed. OpenSSL spoils the session of a connection
        // that did not try.
        let _ = self.ssl.shutdown();
    }
}

impl Drop for TlsStream {
    fn drop(&mut self) {
        self.say_end();
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(buffer, Patience::AsSet)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_with(bytes, Patience::AsSet)
    }

    /// Nothing is held back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a record that was none for the reader ended a read early.
fn is_again(error: &Error) -> bool {
    error.code() == ErrorCode::WANT_READ && error.io_error().is_none()
}

fn would_block() -> io::Error {
    io::ErrorKind::WouldBlock.into()
}

fn other_bytes() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "a record of other bytes was not sent to its end",
    )
}

fn of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
