//! A buffer of this thread, used again by its next request: no allocation for each.

use std::cell::Cell;
use std::ops::Deref;

/// What is larger is not kept: packets have 64 KiB at most, and hardly any head has.
const MOST_KEPT: usize = 16 * 1024;

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer, empty at first. Dropping it leaves it to the next request of this thread; one that this
/// request itself asks for meanwhile, as for a part of a page, is another.
#[derive(Debug)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    /// What of them is its contents; what is behind was that of others.
    used: usize,
}

impl Scratch {
    /// The thread's own, or a new one.
    pub(crate) fn take() -> Scratch {
        Scratch {
            bytes: KEPT.try_with(Cell::take).unwrap_or_default(),
            used: 0,
        }
    }

    /// Room of at least so many bytes, which is not zeroed each time; [`Scratch::fill`] says what of it
    /// was used.
    pub(crate) fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.bytes.len() < bytes {
            self.bytes.resize(bytes, 0);
        }
        &mut self.bytes
    }

    /// The first so many bytes of the room are its contents.
    pub(crate) fn fill(&mut self, bytes: usize) {
        self.used = bytes.min(self.bytes.len());
    }

    /// Lets somebody append its contents.
    pub(crate) fn append<E>(
        &mut self,
        put: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.bytes.clear();
        put(&mut self.bytes)?;
        self.used = self.bytes.len();
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() <= MOST_KEPT {
            // A thread that ends keeps nothing.
            let _ = KEPT.try_with(|kept| kept.set(bytes));
        }
    }
}

impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(scratch: &mut Scratch, text: &[u8]) {
        scratch.room(100)[..text.len()].copy_from_slice(text);
        scratch.fill(text.len());
    }

    #[test]
    fn a_buffer_is_used_again_empty_and_a_nested_one_is_another() {
        let mut first = Scratch::take();
        put(&mut first, b"first");
        let place = first.as_ptr();
        let mut nested = Scratch::take();
        assert!(nested.is_empty());
        put(&mut nested, b"nested");
        assert_eq!(*first, *b"first");
        drop(nested);
        drop(first);
        let mut next = Scratch::take();
        assert!(next.is_empty());
        put(&mut next, b"");
        assert_eq!((next.len(), next.as_ptr()), (0, place));
    }

    #[test]
    fn what_is_appended_is_all_that_there_is() {
        let mut scratch = Scratch::take();
        put(&mut scratch, b"long before");
        let appended: Result<(), ()> = scratch.append(|bytes| {
            bytes.extend_from_slice(b"short");
            Ok(())
        });
        assert_eq!((appended, &*scratch), (Ok(()), &b"short"[..]));
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut large = Scratch::take();
        large.room(MOST_KEPT + 1);
        drop(large);
        assert!(Scratch::take().bytes.capacity() <= MOST_KEPT);
    }
}
