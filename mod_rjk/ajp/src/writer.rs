//! Writes the fields of a packet into room that was made for all of them: one look at the room for each
//! field, and none at whether a buffer must grow.

use crate::wire::NULL_STRING;

/// Bytes of a string besides its own: length and NUL.
pub(crate) const STRING: usize = 3;

/// A packet that is being written.
pub(crate) struct Writer<'b> {
    room: &'b mut [u8],
    at: usize,
}

impl<'b> Writer<'b> {
    /// Writes from the start of `room`, which is to be large enough.
    pub(crate) fn new(room: &'b mut [u8]) -> Writer<'b> {
        Writer { room, at: 0 }
    }

    /// Bytes that were written.
    pub(crate) fn written(&self) -> usize {
        self.at
    }

    pub(crate) fn put_u8(&mut self, value: u8) {
        self.put_bytes(&[value]);
    }

    /// A word, big-endian.
    pub(crate) fn put_u16(&mut self, value: u16) {
        self.put_bytes(&value.to_be_bytes());
    }

    /// A string, or the null string.
    pub(crate) fn put_nullable(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.put_string(value),
            None => self.put_u16(NULL_STRING),
        }
    }

    /// Length, bytes, NUL.
    pub(crate) fn put_string(&mut self, value: &[u8]) {
        let room = self.take(STRING + value.len());
        if let Some((length, rest)) = room.split_first_chunk_mut()
            && let Some((nul, bytes)) = rest.split_last_mut()
        {
            *length = truncate_to_u16(value.len()).to_be_bytes();
            bytes.copy_from_slice(value);
            *nul = 0;
        }
    }

    /// Leaves room for a word; its place, for [`Writer::patch_u16`].
    pub(crate) fn skip_u16(&mut self) -> usize {
        let at = self.at;
        self.put_u16(0);
        at
    }

    /// Overwrites the word at `at`.
    pub(crate) fn patch_u16(&mut self, at: usize, value: usize) {
        let room = self.room.get_mut(at..);
        if let Some(word) = room.and_then(<[u8]>::first_chunk_mut) {
            *word = truncate_to_u16(value).to_be_bytes();
        }
    }

    /// Bytes as they are.
    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        let room = self.take(bytes.len());
        // Nothing where there is no room, which nobody lets happen.
        if room.len() == bytes.len() {
            room.copy_from_slice(bytes);
        }
    }

    fn take(&mut self, bytes: usize) -> &mut [u8] {
        let (from, to) = (self.at, self.at + bytes);
        debug_assert!(to <= self.room.len(), "more than there is room for");
        self.at = to;
        self.room.get_mut(from..to).unwrap_or_default()
    }
}

/// Nothing is lost in a packet that is sent: a string or a count of 65535 and more makes it larger
/// than any packet may be, so `request::encode` refuses it.
fn truncate_to_u16(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(NULL_STRING)
}
