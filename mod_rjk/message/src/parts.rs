//! What a response head is kept in: two buffers, used again by the next head of the same thread.

use std::cell::Cell;
use std::ops::Range;

/// What is larger is not kept.
const MOST_BYTES: usize = 16 * 1024;
const MOST_FIELDS: usize = 128;

thread_local! {
    static SPARE: Cell<Option<(Vec<Field>, Vec<u8>)>> = const { Cell::new(None) };
}

/// The fields of a head, and the bytes that they are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) fields: Vec<Field>,
    pub(crate) bytes: Vec<u8>,
}

/// Where one header is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) value: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// Sent as a code.
    Known(&'static str),
    /// Sent as a string.
    Spelled(Range<usize>),
}

impl Parts {
    /// Makes room, in what this thread's last head left if that is there.
    pub(crate) fn reserve(&mut self, fields: usize, bytes: usize) {
        if self.bytes.capacity() == 0
            && self.fields.capacity() == 0
            && let Ok(Some(spare)) = SPARE.try_with(Cell::take)
        {
            (self.fields, self.bytes) = spare;
        }
        self.fields.reserve_exact(fields);
        self.bytes.reserve_exact(bytes);
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let sizes = (self.fields.capacity(), self.bytes.capacity());
        if sizes.0 == 0 || sizes.0 > MOST_FIELDS || sizes.1 > MOST_BYTES {
            return;
        }
        self.fields.clear();
        self.bytes.clear();
        let parts = (
            std::mem::take(&mut self.fields),
            std::mem::take(&mut self.bytes),
        );
        // A thread that ends keeps nothing.
        let _ = SPARE.try_with(|spare| spare.set(Some(parts)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(fields: usize) -> Parts {
        let mut parts = Parts::default();
        parts.reserve(fields, 9);
        for _ in 0..fields {
            parts.fields.push(Field {
                name: Name::Known("A"),
                value: 0..1,
            });
        }
        parts.bytes.extend_from_slice(b"text");
        parts
    }

    #[test]
    fn the_next_head_finds_the_buffers_empty() {
        let first = filled(3);
        let place = first.bytes.as_ptr();
        let second = filled(2);
        assert_ne!(second.bytes.as_ptr(), place, "two at once");
        drop(second);
        drop(first);
        let mut third = Parts::default();
        third.reserve(1, 1);
        assert_eq!(third, Parts::default());
        assert_eq!(third.bytes.as_ptr(), place);
    }

    #[test]
    fn large_ones_are_not_kept() {
        drop(filled(MOST_FIELDS + 1));
        let mut next = Parts::default();
        next.reserve(1, 1);
        assert!(next.fields.capacity() <= MOST_FIELDS);
    }
}
