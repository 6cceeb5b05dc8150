//! One connection to a worker, with its receive buffer.

mod hear;
mod tunnel;

pub use hear::{Sent, Woken};

use super::raw::Raw;
use super::received::Received;
use super::stream::Stream;
use super::tls::TlsAgreed;
use rjk_balance::{InFlight, Traffic};
use std::io::{self, IoSlice, Read};
use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Limits of a close in order (PL-07, Z-11): in all, for the first bytes, and between bytes.
const DRAIN_TIME: Duration = Duration::from_secs(2);
const DRAIN_FIRST: Duration = Duration::from_millis(100);
const DRAIN_NEXT: Duration = Duration::from_millis(20);
const DRAIN_BYTES: usize = 32 * 1024;

/// Why the next packet did not come.
#[derive(Debug)]
pub enum ReceiveError {
    /// End of stream between two packets.
    Closed,
    /// Nothing within the limit.
    TimedOut,
    /// The socket failed.
    Io(io::Error),
    /// End of stream inside a packet, or a piece of HTTP.
    Truncated {
        /// Bytes of it that came.
        have: usize,
        /// Bytes that it has.
        needed: usize,
    },
}

impl ReceiveError {
    /// As an error of the system.
    pub fn into_io(self) -> io::Error {
        match self {
            ReceiveError::Closed => io::ErrorKind::UnexpectedEof.into(),
            ReceiveError::TimedOut => io::ErrorKind::TimedOut.into(),
            ReceiveError::Io(error) => error,
            ReceiveError::Truncated { .. } => io::Error::new(
                io::ErrorKind::InvalidData,
                "it closed in the middle of its answer",
            ),
        }
    }
}

/// What a look at an idle connection found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Open, and nothing new to read.
    Quiet,
    /// Bytes came; they are pending now.
    Spoke,
    /// The worker closed it, or it broke.
    Ended,
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    received: Received,
    /// What the socket has as `SO_RCVTIMEO` and `SO_SNDTIMEO`.
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    /// Why a look failed, until somebody is told.
    failed: Option<io::Error>,
    last_used: Instant,
    last_ping: Instant,
    /// When the worker ends it, if it said so.
    kept_until: Option<Instant>,
    moved: Traffic,
    _open: InFlight,
    moves: u32,
}

impl Connection {
    /// An open stream without limits; `open` counts it, `moves` is how often the worker had moved when
    /// it listened there.
    pub(super) fn over(
        stream: Stream,
        receive_buffer: usize,
        open: InFlight,
        moves: u32,
    ) -> Connection {
        Connection {
            stream,
            received: Received {
                bytes: vec![0; receive_buffer],
                start: 0,
                end: 0,
            },
            read_timeout: None,
            write_timeout: None,
            failed: None,
            last_used: Instant::now(),
            last_ping: Instant::now(),
            kept_until: None,
            moved: Traffic::default(),
            _open: open,
            moves,
        }
    }

    /// How often the worker had moved when it was at the other end.
    pub fn moves(&self) -> u32 {
        self.moves
    }

    /// What TLS agreed on, where it is spoken.
    pub fn tls(&self) -> Option<TlsAgreed> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(stream) => Some(stream.agreed()),
        }
    }

    /// This host's end of it; `None` for a unix socket, which has none.
    ///
    /// # Errors
    /// As getsockname(2).
    pub fn local(&self) -> io::Result<Option<SocketAddr>> {
        match self.stream.raw() {
            Raw::Tcp(stream) => stream.local_addr().map(Some),
            Raw::Unix(_) => Ok(None),
        }
    }

    /// Notes how long the worker will keep it from now on, if it said so.
    pub fn keep_for(&mut self, time: Option<Duration>) {
        self.kept_until = time.map(|time| Instant::now() + time);
    }

    /// Whether the worker may have ended it, by what it said itself.
    pub fn is_over(&self) -> bool {
        self.kept_until.is_some_and(|end| Instant::now() >= end)
    }

    /// How long the connection has been idle.
    pub fn idle(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_used)
    }

    /// When it last served a request.
    pub fn last_used(&self) -> Instant {
        self.last_used
    }

    /// How long nothing was heard of the worker on it, CPONG included.
    pub fn silent(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_used.max(self.last_ping))
    }

    /// Notes that the connection was just used.
    pub fn touch(&mut self) {
        self.touch_at(Instant::now());
    }

    /// The same for who knows what time it is.
    pub fn touch_at(&mut self, now: Instant) {
        self.last_used = now;
    }

    /// Bytes that went through since the last call, packet headers and pings included (H-06).
    pub fn take_traffic(&mut self) -> Traffic {
        mem::take(&mut self.moved)
    }

    /// Looks at an idle connection, without waiting, and takes in what is there (PL-02). Why it broke is
    /// told by the next [`Connection::receive`] or [`Connection::send_or_hear`].
    pub fn look(&mut self) -> Look {
        // Behind what is pending: no room would read as the worker's end.
        self.received.make_room(self.received.pending().len() + 1);
        let room = &mut self.received.bytes[self.received.end..];
        match self.stream.read_now(room) {
            Ok(0) => Look::Ended,
            Ok(bytes) => {
                self.received.end += bytes;
                self.moved.read += bytes as u64;
                Look::Spoke
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Look::Quiet,
            Err(error) => {
                self.failed.get_or_insert(error);
                Look::Ended
            }
        }
    }

    /// What a look found to be wrong. The system says it once, and then that the worker ended it in
    /// order: whoever asks again is told that it is cut off.
    fn failure(&mut self) -> Option<io::Error> {
        let failed = self.failed.as_mut()?;
        Some(mem::replace(failed, io::ErrorKind::UnexpectedEof.into()))
    }

    /// Sends all bytes within `limit`.
    ///
    /// # Errors
    /// How many bytes the system had taken before it failed, and why it failed; `TimedOut` when the
    /// worker did not take them in time.
    pub fn send(
        &mut self,
        bytes: &[u8],
        limit: Option<Duration>,
    ) -> Result<(), (usize, io::Error)> {
        self.write_all(&mut [IoSlice::new(bytes)], limit)
    }

    /// The same with bytes that lie apart, in one go.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn send_parts(
        &mut self,
        parts: [&[u8]; 3],
        limit: Option<Duration>,
    ) -> Result<(), (usize, io::Error)> {
        // A record of TLS is written anew from where it was: from bytes that stay in one place.
        if matches!(self.stream, Stream::Tls(_)) {
            return self.send(&parts.concat(), limit);
        }
        self.write_all(&mut parts.map(IoSlice::new), limit)
    }

    fn write_all(
        &mut self,
        mut rest: &mut [IoSlice<'_>],
        limit: Option<Duration>,
    ) -> Result<(), (usize, io::Error)> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let total: usize = rest.iter().map(|part| part.len()).sum();
        let (mut sent, mut left) = (0, limit);
        while sent < total {
            self.limit_write(left).map_err(|error| (sent, error))?;
            match self.stream.write_parts(rest) {
                Ok(0) => return Err((sent, io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    sent += n;
                    self.moved.sent += n as u64;
                    IoSlice::advance_slices(&mut rest, n);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return Err((sent, not_taken())),
                    _ => return Err((sent, error)),
                },
            }
            if sent < total {
                left = time_left(deadline).ok_or_else(|| (sent, not_taken()))?;
            }
        }
        Ok(())
    }

    /// Notes that the worker was just heard of, though it served no request.
    pub fn heard(&mut self) {
        self.last_ping = Instant::now();
    }

    /// Limits one read; a system call only when the limit changes.
    fn limit_read(&mut self, limit: Option<Duration>) -> io::Result<()> {
        if self.read_timeout != limit {
            self.stream.set_read_timeout(limit)?;
            self.read_timeout = limit;
        }
        Ok(())
    }

    /// As [`Connection::limit_read`] for one write.
    fn limit_write(&mut self, limit: Option<Duration>) -> io::Result<()> {
        if self.write_timeout != limit {
            self.stream.set_write_timeout(limit)?;
            self.write_timeout = limit;
        }
        Ok(())
    }

    /// Reads what there is, once, within `limit`; `needed` is the size of the packet that is to
    /// become whole.
    ///
    /// # Errors
    /// See [`ReceiveError`].
    pub fn receive(&mut self, needed: usize, limit: Option<Duration>) -> Result<(), ReceiveError> {
        if let Some(error) = self.failure() {
            return Err(ReceiveError::Io(error));
        }
        self.limit_read(limit).map_err(ReceiveError::Io)?;
        self.read_some(needed)
    }

    fn read_some(&mut self, needed: usize) -> Result<(), ReceiveError> {
        self.received.make_room(needed);
        let have = self.received.end - self.received.start;
        let end = self.received.end;
        loop {
            match self.stream.read(&mut self.received.bytes[end..]) {
                Ok(0) if have == 0 => return Err(ReceiveError::Closed),
                Ok(0) => return Err(ReceiveError::Truncated { have, needed }),
                Ok(n) => {
                    self.received.end += n;
                    self.moved.read += n as u64;
                    if self.received.end == self.received.bytes.len() {
                        self.received.was_filled();
                    }
                    return Ok(());
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                        return Err(ReceiveError::TimedOut);
                    }
                    _ => return Err(ReceiveError::Io(error)),
                },
            }
        }
    }

    /// Half-closes, takes in a little of what still comes, and closes (PL-07): the worker can read
    /// to the end what was sent, and end a short answer without an error.
    pub fn close_in_order(mut self) {
        let limit = Instant::now() + DRAIN_TIME;
        let mut patience = DRAIN_FIRST;
        let mut drained = 0;
        // An error only ends it sooner.
        let mut next = self.stream.end_writing();
        while next.is_ok() && drained < DRAIN_BYTES && Instant::now() < limit {
            next = self.stream.set_read_timeout(Some(patience)).and_then(|()| {
                match self.stream.read(&mut self.received.bytes)? {
                    0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    bytes => {
                        drained += bytes;
                        Ok(())
                    }
                }
            });
            patience = DRAIN_NEXT;
        }
    }

    /// The bytes that were received and not yet used.
    pub fn pending(&self) -> &[u8] {
        self.received.pending()
    }

    /// Marks bytes of [`Connection::pending`] as used.
    pub fn consume(&mut self, bytes: usize) {
        self.received.start = (self.received.start + bytes).min(self.received.end);
    }
}

/// What is left until a deadline: `Some(None)` without one, `None` when it has passed.
fn time_left(deadline: Option<Instant>) -> Option<Option<Duration>> {
    let Some(deadline) = deadline else {
        return Some(None);
    };
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(Some(left))
}

fn not_taken() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the worker did not read it in time",
    )
}

#[cfg(test)]
impl Connection {
    /// The socket, for tests of its options.
    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }
}
