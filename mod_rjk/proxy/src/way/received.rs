//! The receive buffer of a connection.

/// A buffer grows to no more than this: beyond it, bytes leave the caches of a processor before they are
/// handed on.
const MOST: usize = 128 * 1024;

/// Bytes that were read and not yet used.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Received {
    pub(super) fn pending(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// A read filled all the room that there was: the worker has more to say than that. The buffer grows,
    /// so that a long answer takes fewer reads.
    pub(super) fn was_filled(&mut self) {
        if self.bytes.len() < MOST {
            self.bytes.resize((self.bytes.len() * 2).min(MOST), 0);
        }
    }

    /// Makes room behind the pending bytes, so that a packet of `needed` bytes fits as a whole.
    pub(super) fn make_room(&mut self, needed: usize) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start + needed > self.bytes.len() || self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.bytes.len() < needed {
            self.bytes.resize(needed, 0);
        }
    }
}
