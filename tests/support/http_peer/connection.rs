//! One connection of a peer: reads requests, runs the script's steps.

use super::request::{self, Framing, Received};
use super::script::Step;
use super::stream::Stream;
use super::{Shared, lock};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How a connection ends when the client closed it.
const CLIENT_CLOSED: &str = "closed by the client";
/// How a connection ends that was reset.
const RESET: &str = "reset by the script";
/// How the service of a connection ends that stays open.
pub(super) const KEPT: &str = "left open by the script";
/// Pause between two looks of a stalling peer.
const STALL_STEP: Duration = Duration::from_millis(20);
/// Longest head that is read.
const MOST_HEAD: usize = 1 << 20;

/// One connection, as [`Step::run`] closures see it.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    /// What was read and is not taken yet.
    buffer: Vec<u8>,
    number: usize,
    shared: Arc<Shared>,
    /// Index of the current request in the peer's record.
    current: Option<usize>,
    /// How much of the current body is left.
    left: Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    Bytes(u64),
    Chunks,
}

impl Connection {
    pub(super) fn new(stream: Stream, number: usize, shared: Arc<Shared>) -> Connection {
        Connection {
            stream,
            buffer: Vec::new(),
            number,
            shared,
            current: None,
            left: Left::Nothing,
        }
    }

    /// Serves until the end; why it ended.
    pub(super) fn run(mut self) -> String {
        let ending = match self.serve() {
            Ok(()) => CLIENT_CLOSED.to_owned(),
            Err(error) => error.to_string(),
        };
        // The owner keeps a copy of the socket, so dropping ours alone would not close; and an orderly
        // shutdown would take the place of a reset.
        if ![RESET, KEPT].contains(&ending.as_str()) {
            self.stream.close();
        }
        ending
    }

    /// The current request, as recorded; an empty one before the first.
    pub fn request(&self) -> Received {
        let requests = lock(&self.shared.requests);
        let current = self.current.and_then(|index| requests.get(index));
        current.cloned().unwrap_or_default()
    }

    /// Whether the peer is being stopped; a step that waits for something else gives up then.
    pub fn is_stopping(&self) -> bool {
        self.shared.is_stopping()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Longest wait of a read from now on; `None` waits for ever.
    pub fn set_read_timeout(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(limit)
    }

    /// Does one step.
    pub fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Send(bytes) => self.send(bytes),
            Step::SendBelow(bytes) => self.stream.raw().write_all(bytes),
            Step::Trickle(bytes, pause) => self.trickle(bytes, *pause),
            Step::ReadBody => self.read_body(),
            Step::Echo => self.echo(),
            Step::Sleep(pause) => {
                std::thread::sleep(*pause);
                Ok(())
            }
            Step::Stall => self.stall(),
            Step::FinishSending => self.finish_sending(),
            Step::Close => Err(ended("closed by the script")),
            Step::Cut => {
                self.stream.cut();
                Err(ended("cut by the script"))
            }
            Step::Reset => self.reset(),
            Step::Leave => Err(ended(KEPT)),
            Step::Run(action) => action(self),
        }
    }

    /// Reads what is left of the body; what is not framed as announced is a fault.
    pub fn read_body(&mut self) -> io::Result<()> {
        while self.read_some_body()? {}
        Ok(())
    }

    /// Reads at least one byte of what is left of the body; false at its end.
    pub fn read_some_body(&mut self) -> io::Result<bool> {
        match self.left {
            Left::Nothing => return Ok(false),
            Left::Bytes(left) => {
                let data = self.take_some(left)?;
                self.left = match left - data.len() as u64 {
                    0 => Left::Nothing,
                    left => Left::Bytes(left),
                };
                self.record(|request| request.body.extend_from_slice(&data));
            }
            Left::Chunks => self.read_chunk()?,
        }
        if self.left == Left::Nothing {
            self.record(|request| request.is_whole = true);
        }
        Ok(self.left != Left::Nothing)
    }

    fn serve(&mut self) -> io::Result<()> {
        let steps = lock(&self.shared.script).on_accept.clone();
        self.steps(&steps)?;
        loop {
            let head = self.read_head()?;
            let parsed = Received::parse(&head);
            let framed = parsed.and_then(|request| Ok((request.framing()?, request)));
            let (framing, mut request) = framed.map_err(|error| self.fault(&error, &head))?;
            request.connection = self.number;
            request.is_whole = framing == Framing::Length(0);
            self.left = match framing {
                Framing::Length(0) => Left::Nothing,
                Framing::Length(length) => Left::Bytes(length),
                Framing::Chunked => Left::Chunks,
            };
            let index = self.shared.served.fetch_add(1, Ordering::SeqCst);
            let steps = lock(&self.shared.script).request_steps(index);
            let mut requests = lock(&self.shared.requests);
            requests.push(request);
            self.current = Some(requests.len() - 1);
            drop(requests);
            self.steps(&steps)?;
            // What is left of the body must not be taken for the next request.
            self.read_body()?;
        }
    }

    fn steps(&mut self, steps: &[Step]) -> io::Result<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    /// A head with its empty line.
    fn read_head(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                return Ok(self.buffer.drain(..end + 4).collect());
            }
            if self.buffer.len() > MOST_HEAD {
                return Err(ended("a head without end"));
            }
            if !self.fill()? {
                let left = std::mem::take(&mut self.buffer);
                return match left.is_empty() {
                    true => Err(ended(CLIENT_CLOSED)),
                    false => Err(self.fault(&"a head that breaks off", &left)),
                };
            }
        }
    }

    /// One chunk, or the last one with its trailers.
    fn read_chunk(&mut self) -> io::Result<()> {
        let line = self.read_line()?;
        let size = request::chunk_size(&line);
        let mut left = size.map_err(|error| self.fault(&error, line.as_bytes()))?;
        let is_last = left == 0;
        while left > 0 {
            let data = self.take_some(left)?;
            left -= data.len() as u64;
            self.record(|request| request.body.extend_from_slice(&data));
        }
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                break;
            }
            let trailer = match is_last {
                true => request::field(&line),
                false => Err(anyhow::anyhow!("a chunk that goes on")),
            };
            let trailer = trailer.map_err(|error| self.fault(&error, line.as_bytes()))?;
            self.record(|request| request.trailers.push(trailer));
        }
        if is_last {
            self.left = Left::Nothing;
        }
        Ok(())
    }

    /// A line without its CR LF.
    fn read_line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(line[..end].iter().map(|byte| char::from(*byte)).collect());
            }
            if !self.fill()? {
                return Err(ended("closed by the client inside a body"));
            }
        }
    }

    /// At least one and at most `most` bytes.
    fn take_some(&mut self, most: u64) -> io::Result<Vec<u8>> {
        if self.buffer.is_empty() && !self.fill()? {
            return Err(ended("closed by the client inside a body"));
        }
        let count = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(self.buffer.drain(..count.min(self.buffer.len())).collect())
    }

    /// Reads more; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16_384];
        let count = self.stream.read(&mut buffer)?;
        self.buffer.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }

    /// The bytes that came and were not taken yet, and at least one more; none at the end.
    pub fn read_raw(&mut self) -> io::Result<Vec<u8>> {
        if self.buffer.is_empty() {
            self.fill()?;
        }
        Ok(std::mem::take(&mut self.buffer))
    }

    fn record(&self, change: impl FnOnce(&mut Received)) {
        let mut requests = lock(&self.shared.requests);
        if let Some(request) = self.current.and_then(|index| requests.get_mut(index)) {
            change(request);
        }
    }

    fn fault(&self, why: &dyn std::fmt::Display, bytes: &[u8]) -> io::Error {
        let text = format!("{why}: {}", bytes.escape_ascii());
        lock(&self.shared.faults).push(text.clone());
        io::Error::other(text)
    }

    fn trickle(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.send(&[*byte])?;
            std::thread::sleep(pause);
        }
        Ok(())
    }

    fn echo(&mut self) -> io::Result<()> {
        self.read_body()?;
        let request = self.request();
        let text = format!(
            "peer={}\nmethod={}\ntarget={}\nbody={}\n",
            self.shared.name,
            request.method,
            request.target,
            request.body.len(),
        );
        let length = text.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n"
        );
        let body = if request.method == "HEAD" { "" } else { &text };
        self.send(format!("{head}{body}").as_bytes())
    }

    /// Waits without reading until the client closed or the peer stops.
    fn stall(&mut self) -> io::Result<()> {
        while !self.shared.is_stopping() {
            std::thread::sleep(STALL_STEP);
            self.stream
                .set_read_timeout(Some(Duration::from_millis(1)))?;
            match self.fill() {
                Ok(false) => return Err(ended(CLIENT_CLOSED)),
                Err(error) if !is_wait(&error) => return Err(error),
                _ => {}
            }
        }
        Err(ended("stopped"))
    }

    fn finish_sending(&mut self) -> io::Result<()> {
        self.stream.finish_sending();
        while self.fill()? {}
        Err(ended(CLIENT_CLOSED))
    }

    /// Closes with a reset: all copies of the socket, so the owner's is dropped first.
    fn reset(&mut self) -> io::Result<()> {
        self.stream.close_by_reset()?;
        lock(&self.shared.streams).retain(|(number, _)| *number != self.number);
        Err(ended(RESET))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.buffer.is_empty() && !self.fill()? {
            return Ok(0);
        }
        let count = buffer.len().min(self.buffer.len());
        buffer[..count].copy_from_slice(&self.buffer[..count]);
        self.buffer.drain(..count);
        Ok(count)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn is_wait(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|found| found == wanted)
}

/// The end of a connection, as an error that stops all steps.
fn ended(why: &str) -> io::Error {
    io::Error::other(why.to_owned())
}
