//! What a response head is kept in: two buffers, used again by the next head of the same thread.

use std::cell::Cell;
use std::ops::Range;

/// What is larger is not kept.
const MOST_BYTES: usize = 16 * 1024;
const MOST_FIELDS: usize = 128;

thread_local! {
    static SPARE: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// The fields of a head, and the bytes that they are of. One pointer, for a head goes through several
/// hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts(Option<Box<Buffers>>);

/// See [`Parts`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buffers {
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
    /// In what this thread's last head left, if that is there.
    pub(crate) fn new() -> Parts {
        let spare = SPARE.try_with(Cell::take).unwrap_or_default();
        Parts(Some(spare.unwrap_or_default()))
    }

    /// The fields.
    pub(crate) fn fields(&self) -> &[Field] {
        self.0.as_ref().map_or(&[], |buffers| &buffers.fields)
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |buffers| &buffers.bytes)
    }

    /// Both, to be filled.
    pub(crate) fn buffers(&mut self) -> &mut Buffers {
        self.0.get_or_insert_default()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let Some(mut buffers) = self.0.take() else {
            return;
        };
        if buffers.fields.capacity() > MOST_FIELDS || buffers.bytes.capacity() > MOST_BYTES {
            return;
        }
        buffers.fields.clear();
        buffers.bytes.clear();
        // A thread that ends keeps nothing.
        let _ = SPARE.try_with(|spare| spare.set(Some(buffers)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(fields: usize) -> Parts {
        let mut parts = Parts::new();
        let buffers = parts.buffers();
        for _ in 0..fields {
            buffers.fields.push(Field {
                name: Name::Known("A"),
                value: 0..1,
            });
        }
        buffers.bytes.extend_from_slice(b"text");
        parts
    }

    #[test]
    fn the_next_head_finds_the_buffers_empty() {
        let first = filled(3);
        let place = first.bytes().as_ptr();
        let second = filled(2);
        assert_ne!(second.bytes().as_ptr(), place, "two at once");
        drop(second);
        drop(first);
        let third = Parts::new();
        assert_eq!((third.fields(), third.bytes()), (&[][..], &[][..]));
        assert_eq!(third.bytes().as_ptr(), place);
    }

    #[test]
    fn large_ones_are_not_kept() {
        drop(filled(MOST_FIELDS + 1));
        let mut next = Parts::new();
        assert!(next.buffers().fields.capacity() <= MOST_FIELDS);
    }
}
