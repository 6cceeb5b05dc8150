//! The request body on its way out: how much may go now, and how it is framed.

use rjk_message::{BodyLength, BodyQuota};

/// Bytes that are kept free in front of a body part: the longest chunk size and its line end.
pub const ROOM: usize = 18;

/// What of a body goes out with the head, and is kept in case that it has to go out again.
const EAGER: u64 = 64 * 1024;

/// What one later piece takes at most; httpd rarely has more at hand.
const PIECE: u64 = 16 * 1024;

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// How far the request body was sent.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    length: BodyLength,
    sent: u64,
    ended: bool,
    /// The worker was told to say first whether it wants the body.
    held: bool,
    /// What was not sent by now is of no use to the worker.
    unwanted: bool,
}

impl Upload {
    pub(crate) fn new(length: BodyLength, held: bool) -> Upload {
        Upload {
            length,
            sent: 0,
            ended: false,
            held: held && !length.is_empty(),
            unwanted: false,
        }
    }

    /// See [`Exchange::eager_body`](super::Exchange::eager_body).
    pub(crate) fn eager(&self) -> Option<usize> {
        match self.length {
            BodyLength::Known(length) if length > 0 && !self.held => Some(size(length.min(EAGER))),
            _ => None,
        }
    }

    /// See [`Exchange::push`](super::Exchange::push).
    pub(crate) fn quota(&self) -> Option<BodyQuota> {
        if self.held || self.unwanted || self.is_whole() {
            return None;
        }
        let at_most = match self.length {
            BodyLength::Known(length) => length.saturating_sub(self.sent).min(PIECE),
            BodyLength::None | BodyLength::Chunked => PIECE,
        };
        // What is there goes: the worker's time limit is for one read, not for a full buffer.
        Some(BodyQuota {
            at_least: 1,
            at_most: size(at_most),
        })
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held
    }

    pub(crate) fn release(&mut self) {
        self.held = false;
    }

    /// Nothing more is sent.
    pub(crate) fn stop(&mut self) {
        self.held = false;
        self.unwanted = true;
    }

    /// Whether the worker has all of the request: what it reads next is another one.
    pub(crate) fn is_whole(&self) -> bool {
        match self.length {
            BodyLength::None => true,
            BodyLength::Known(length) => self.sent == length,
            BodyLength::Chunked => self.ended,
        }
    }

    /// Counts bytes that are sent as they are; returns how many of them belong to the body.
    pub(crate) fn count(&mut self, bytes: usize) -> usize {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let belonging = match self.length {
            BodyLength::None => 0,
            BodyLength::Known(length) => bytes.min(length.saturating_sub(self.sent)),
            BodyLength::Chunked => bytes,
        };
        self.sent = self.sent.saturating_add(belonging);
        size(belonging)
    }

    /// See [`Exchange::seal`](super::Exchange::seal).
    pub(crate) fn seal<'p>(&mut self, packet: &'p mut Vec<u8>) -> &'p [u8] {
        let bytes = self.count(packet.len().saturating_sub(ROOM));
        packet.truncate(ROOM + bytes);
        // An empty chunk would be the last one.
        if bytes == 0 || self.length != BodyLength::Chunked {
            return packet.get(ROOM..).unwrap_or_default();
        }
        packet.extend_from_slice(b"\r\n");
        let start = write_size(packet, bytes);
        packet.get(start..).unwrap_or_default()
    }

    /// See [`Exchange::end_body`](super::Exchange::end_body).
    pub(crate) fn end(&mut self) -> &'static [u8] {
        if self.length != BodyLength::Chunked || self.ended {
            return b"";
        }
        self.ended = true;
        LAST_CHUNK
    }
}

/// Writes the size of a chunk and its line end backwards in front of the data; returns where it
/// starts.
fn write_size(packet: &mut [u8], mut size: usize) -> usize {
    let mut start = ROOM;
    for byte in *b"\n\r" {
        start -= 1;
        put(packet, start, byte);
    }
    loop {
        start -= 1;
        put(packet, start, b"0123456789abcdef"[size & 0xF]);
        size >>= 4;
        if size == 0 {
            return start;
        }
    }
}

fn put(packet: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = packet.get_mut(at) {
        *place = byte;
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
