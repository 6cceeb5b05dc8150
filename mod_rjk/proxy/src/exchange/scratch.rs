//! A buffer of this thread, used again by its next request: no allocation for each.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// What is larger is not kept: packets have 64 KiB at most, and hardly any head has.
const MOST_KEPT: usize = 16 * 1024;

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer, empty at first. Dropping it leaves it to the next request of this thread; one that this
/// request itself asks for meanwhile, as for a part of a page, is another.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    /// The thread's own, or a new one.
    pub(crate) fn take() -> Scratch {
        let mut bytes = KEPT.try_with(Cell::take).unwrap_or_default();
        bytes.clear();
        Scratch(bytes)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.0);
        if bytes.capacity() <= MOST_KEPT {
            // A thread that ends keeps nothing.
            let _ = KEPT.try_with(|kept| kept.set(bytes));
        }
    }
}

impl Deref for Scratch {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_empty_and_a_nested_one_is_another() {
        let mut first = Scratch::take();
        first.extend_from_slice(b"first");
        let place = first.as_ptr();
        let mut nested = Scratch::take();
        assert!(nested.is_empty());
        nested.extend_from_slice(b"nested");
        assert_eq!(**first, *b"first");
        drop(nested);
        drop(first);
        let next = Scratch::take();
        assert_eq!((next.len(), next.as_ptr()), (0, place));
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut large = Scratch::take();
        large.resize(MOST_KEPT + 1, 0);
        drop(large);
        assert!(Scratch::take().capacity() <= MOST_KEPT);
    }
}
