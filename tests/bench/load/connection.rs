//! One connection of the load generator.

use super::answer::Answer;
use super::request::Requests;
use rjk_testbed::{Context, Result, bail};
use rustix::event::epoll::{self, EventData, EventFlags};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// What bodies are made of.
static BLOCK: [u8; 64 << 10] = [b'u'; 64 << 10];

/// What came of an event.
pub enum Progress {
    /// More has to come.
    Pending,
    /// The answer is complete; the connection is free for another request, or is only after [`Progress::Free`].
    Answered { latency: Duration, is_free: bool },
    /// The server closed it, as it should.
    Free,
    /// The server closed it while it was idle, as it may, and a request was just on its way:
    /// [`Connection::repeat`].
    Lost,
}

enum State {
    Idle,
    /// So many bytes of the head are out and so many of the body are left.
    Sending {
        head: usize,
        body: u64,
    },
    Receiving(Answer),
    /// All came but the end of the connection.
    Closing,
}

/// A connection, when it is open, and what happens on it.
pub struct Connection {
    number: u64,
    stream: Option<TcpStream>,
    state: State,
    /// Something was answered on it before.
    is_used: bool,
    /// The number of its request, and when that was due.
    request: usize,
    due: Instant,
    /// Writing was not possible, and the kernel says when it is.
    waits_to_write: bool,
}

impl Connection {
    pub fn new(number: u64) -> Connection {
        Connection {
            number,
            stream: None,
            state: State::Idle,
            is_used: false,
            request: 0,
            due: Instant::now(),
            waits_to_write: false,
        }
    }

    /// A request is to be sent; the first bytes go out with [`Connection::progress`].
    pub fn begin(
        &mut self,
        epoll: &OwnedFd,
        address: SocketAddr,
        due: Instant,
        request: usize,
    ) -> Result {
        if self.stream.is_none() {
            let stream = TcpStream::connect(address).context("connect")?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            epoll::add(epoll, &stream, self.data(), EventFlags::IN)?;
            self.stream = Some(stream);
            self.waits_to_write = false;
            self.is_used = false;
        }
        (self.due, self.request) = (due, request);
        self.state = State::Sending {
            head: 0,
            body: u64::MAX,
        };
        Ok(())
    }

    /// The same request, which was due when it was, on a new connection.
    pub fn repeat(&mut self, epoll: &OwnedFd, address: SocketAddr) -> Result {
        self.begin(epoll, address, self.due, self.request)
    }

    /// Goes on as far as it can without waiting.
    pub fn progress(
        &mut self,
        epoll: &OwnedFd,
        flags: EventFlags,
        requests: &Requests,
        buffer: &mut [u8],
    ) -> Result<Progress> {
        if flags.contains(EventFlags::OUT) && !self.send(epoll, requests)? {
            return self.ended();
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            return self.receive(requests, buffer);
        }
        Ok(Progress::Pending)
    }

    fn data(&self) -> EventData {
        EventData::new_u64(self.number)
    }

    /// Whether the connection is still there.
    fn send(&mut self, epoll: &OwnedFd, requests: &Requests) -> Result<bool> {
        let (Some(stream), State::Sending { head, body }) = (&mut self.stream, &mut self.state)
        else {
            return Ok(true);
        };
        *body = requests.upload.min(*body);
        let bytes = requests.head(self.request);
        let mut blocked = false;
        while !blocked && (*head < bytes.len() || *body > 0) {
            let rest = match &bytes[*head..] {
                [] => &BLOCK[..BLOCK.len().min(usize::try_from(*body)?)],
                rest => rest,
            };
            match stream.write(rest) {
                Ok(sent) if *head < bytes.len() => *head += sent,
                Ok(sent) => *body -= sent as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => blocked = true,
                Err(error) if is_end(&error) => return Ok(false),
                Err(error) => return Err(error).context("sending a request"),
            }
        }
        if blocked != self.waits_to_write {
            let more = if blocked {
                EventFlags::OUT
            } else {
                EventFlags::empty()
            };
            let data = EventData::new_u64(self.number);
            epoll::modify(epoll, stream, data, EventFlags::IN | more)?;
            self.waits_to_write = blocked;
        }
        if !blocked {
            self.state = State::Receiving(Answer::new(requests.answer));
        }
        Ok(true)
    }

    fn receive(&mut self, requests: &Requests, buffer: &mut [u8]) -> Result<Progress> {
        let Some(stream) = &mut self.stream else {
            return Ok(Progress::Pending);
        };
        let read = match stream.read(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::Pending),
            Err(error) if is_end(&error) => 0,
            Err(error) => return Err(error).context("reading an answer"),
        };
        if read == 0 {
            return self.ended();
        }
        self.take(&buffer[..read], requests)
    }

    fn ended(&mut self) -> Result<Progress> {
        self.stream = None;
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Closing => Ok(Progress::Free),
            // It will be opened again for the next request.
            State::Idle => Ok(Progress::Pending),
            State::Sending { .. } if self.is_used => Ok(Progress::Lost),
            State::Receiving(answer) if self.is_used && !answer.has_begun() => Ok(Progress::Lost),
            _ => bail!("the connection ended before the answer did"),
        }
    }

    fn take(&mut self, bytes: &[u8], requests: &Requests) -> Result<Progress> {
        let State::Receiving(answer) = &mut self.state else {
            bail!("an answer that nobody asked for: {}", bytes.escape_ascii());
        };
        if !answer.take(bytes)? {
            return Ok(Progress::Pending);
        }
        self.is_used = true;
        let is_free = requests.keep_alive;
        self.state = if is_free { State::Idle } else { State::Closing };
        Ok(Progress::Answered {
            latency: self.due.elapsed(),
            is_free,
        })
    }
}

fn is_end(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}
