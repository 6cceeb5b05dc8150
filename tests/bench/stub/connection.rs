//! One connection of the stub.

use super::answer::{Answer, Place};
use super::speech::{Reply, Speech};
use rjk_testbed::peer::CPONG;
use rjk_testbed::{Result, ensure};
use rustix::event::epoll::{self, EventData, EventFlags};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// Of either kind, not blocking.
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

pub struct Connection {
    number: u64,
    stream: Stream,
    speech: Speech,
    inbox: Vec<u8>,
    answer: Answer,
    /// How far the answer was written that is under way.
    place: Option<Place>,
    waits_to_write: bool,
}

impl Connection {
    pub fn new(number: u64, stream: Stream, speech: Speech, answer: Answer) -> Connection {
        Connection {
            number,
            stream,
            speech,
            inbox: Vec::new(),
            answer,
            place: None,
            waits_to_write: false,
        }
    }

    /// Goes on as far as it can without waiting; an error when the connection is over.
    pub fn go_on(&mut self, epoll: &OwnedFd, buffer: &mut [u8]) -> Result {
        // Nothing is read as long as an answer is under way: the next request would wait anyhow.
        if self.place.is_none() {
            self.receive(buffer)?;
        }
        self.write_answer()?;
        let waits = self.place.is_some();
        if waits != self.waits_to_write {
            let flags = if waits {
                EventFlags::OUT
            } else {
                EventFlags::IN
            };
            epoll::modify(epoll, &self.stream, EventData::new_u64(self.number), flags)?;
            self.waits_to_write = waits;
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result {
        let read = match self.stream.read(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        ensure!(read > 0, "the connection ended");
        self.inbox.extend_from_slice(&buffer[..read]);
        while self.place.is_none() {
            match self.speech.take(&mut self.inbox)? {
                None => break,
                Some(Reply::Answer) => self.place = Some(Place::default()),
                Some(Reply::Pong) => self.say(&CPONG)?,
                Some(Reply::More(packet)) => self.say(&packet)?,
            }
        }
        Ok(())
    }

    /// So few bytes that there is always room for them.
    fn say(&mut self, bytes: &[u8]) -> Result {
        let written = self.stream.write(bytes)?;
        ensure!(written == bytes.len(), "no room");
        Ok(())
    }

    fn write_answer(&mut self) -> Result {
        while let Some(place) = self.place {
            let rest = self.answer.rest(place);
            if rest.is_empty() {
                self.place = None;
                break;
            }
            match self.stream.write(rest) {
                Ok(written) => self.place = Some(self.answer.after(place, written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
