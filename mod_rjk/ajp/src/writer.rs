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
    /// Writes from the start of `room`. What has no room there is only counted.
    pub(crate) fn new(room: &'b mut [u8]) -> Writer<'b> {
        Writer { room, at: 0 }
    }

    /// Bytes that it takes: more than there is room for when it was too small.
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
            copy(bytes, value);
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
        // Nothing where there is no room: the caller sees how much was wanted.
        if room.len() == bytes.len() {
            room.copy_from_slice(bytes);
        }
    }

    fn take(&mut self, bytes: usize) -> &mut [u8] {
        let (from, to) = (self.at, self.at + bytes);
        self.at = to;
        self.room.get_mut(from..to).unwrap_or_default()
    }
}

/// Copies bytes to as many. Most strings of a request have no more than sixteen, for which a call costs
/// more than the copy.
fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() {
        8..=16 => copy_ends::<8>(to, from),
        4..=7 => copy_ends::<4>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// At least `N` bytes and at most twice as many, by their two ends.
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) {
        if let Some(place) = to.first_chunk_mut() {
            *place = *first;
        }
        if let Some(place) = to.last_chunk_mut() {
            *place = *last;
        }
    }
}

/// Nothing is lost in a packet that is sent: a string or a count of 65535 and more makes it larger
/// than any packet may be, so `request::encode` refuses it.
fn truncate_to_u16(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(NULL_STRING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_all_lengths_are_copied_whole() {
        let text: Vec<u8> = (1..=40).collect();
        for length in 0..=text.len() {
            let mut room = [0xEE; 50];
            let mut writer = Writer::new(&mut room);
            writer.put_string(&text[..length]);
            let written = writer.written();
            assert_eq!(written, length + STRING);
            assert_eq!(room[..2], [0, length as u8]);
            assert_eq!(
                (&room[2..2 + length], room[2 + length]),
                (&text[..length], 0)
            );
            assert!(room[written..].iter().all(|byte| *byte == 0xEE), "{length}");
        }
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let mut room = [0; 4];
        let mut writer = Writer::new(&mut room);
        writer.put_u16(7);
        writer.put_string(b"ab");
        writer.put_u8(1);
        assert_eq!(writer.written(), 8);
        assert_eq!(room[..2], [0, 7]);
    }
}
