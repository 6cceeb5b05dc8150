//! One direction of a tunnel.

use super::TunnelEnd;
use std::io::{self, ErrorKind};

/// Bytes that a direction holds at most: what the one side sends is read when the other one took what
/// came before.
const BUFFER: usize = 16 << 10;
/// Buffers that one direction moves before the other one has its turn.
const TURN: usize = 16;

/// Bytes on their way from one side to the other.
#[derive(Debug)]
pub(super) struct Lane {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    state: State,
    /// The sink took bytes, and may not have sent them.
    unflushed: bool,
    /// Bytes that the sink took.
    pub(super) moved: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The source sends nothing more; the sink is not told yet.
    Ended,
    Closed,
}

/// What a direction waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// For bytes.
    Source,
    /// For room.
    Sink,
    /// It had its turn, or it is over.
    Not,
}

/// The side that broke.
#[derive(Debug)]
pub(super) enum Broke {
    /// The one that sends.
    Source(io::Error),
    /// The one that receives.
    Sink(io::Error),
}

impl Lane {
    pub(super) fn new() -> Lane {
        Lane {
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            state: State::Open,
            unflushed: false,
            moved: 0,
        }
    }

    /// The source has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.state != State::Open
    }

    /// The source has ended, and the sink got everything and knows it.
    pub(super) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Moves what can be moved without waiting; `progress` becomes true when that is something.
    pub(super) fn step(
        &mut self,
        source: &mut dyn TunnelEnd,
        sink: &mut dyn TunnelEnd,
        progress: &mut bool,
    ) -> Result<Waits, Broke> {
        for _ in 0..TURN {
            if !self.deliver(sink, progress).map_err(Broke::Sink)? {
                return Ok(Waits::Sink);
            }
            match self.state {
                State::Open => {}
                State::Ended => {
                    sink.end_writing().map_err(Broke::Sink)?;
                    self.state = State::Closed;
                    *progress = true;
                    return Ok(Waits::Not);
                }
                State::Closed => return Ok(Waits::Not),
            }
            let read = now(|| source.read(&mut self.buffer)).map_err(Broke::Source)?;
            let Some(read) = read else {
                return Ok(Waits::Source);
            };
            *progress = true;
            (self.start, self.end) = (0, read);
            if read == 0 {
                self.state = State::Ended;
            }
        }
        Ok(Waits::Not)
    }

    /// Gives the sink what it can take; whether it took and sent everything.
    fn deliver(&mut self, sink: &mut dyn TunnelEnd, progress: &mut bool) -> io::Result<bool> {
        loop {
            if self.unflushed {
                if now(|| sink.flush())?.is_none() {
                    return Ok(false);
                }
                self.unflushed = false;
            }
            let rest = &self.buffer[self.start..self.end];
            if rest.is_empty() {
                return Ok(true);
            }
            match now(|| sink.write(rest))? {
                None => return Ok(false),
                Some(0) => return Err(ErrorKind::WriteZero.into()),
                Some(written) => {
                    self.start += written;
                    self.moved += written as u64;
                    self.unflushed = true;
                    *progress = true;
                }
            }
        }
    }
}

/// `None` when it would have to wait.
fn now<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<Option<T>> {
    loop {
        match call() {
            Ok(value) => return Ok(Some(value)),
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => return Ok(None),
                _ => return Err(error),
            },
        }
    }
}
