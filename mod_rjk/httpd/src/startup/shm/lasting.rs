//! The memory that old and new children share: routing policies count and record in it.

use super::Mapping;
use bstr::BString;
use rjk_balance::PolicySlot;
use std::cell::{Cell as Flag, RefCell};
use std::io;
use std::sync::atomic::AtomicU64;

/// What may lie in [`LastingMemory`].
///
/// # Safety
/// It consists of atomics alone, zero bytes are a valid value, and it is aligned to a page at most.
pub(in crate::startup) unsafe trait Shared: Sync + 'static {}

// SAFETY: one atomic.
unsafe impl Shared for AtomicU64 {}

// SAFETY: a `repr(C)` struct of atomics, aligned to 64.
unsafe impl Shared for PolicySlot {}

/// Memory without a file that outlives configurations: a restart finds a part of it again by its name
/// and size, so that the old children of a graceful restart and the new ones share it.
#[derive(Default)]
pub(in crate::startup) struct LastingMemory {
    parts: RefCell<Vec<Part>>,
}

struct Part {
    name: Vec<BString>,
    mapping: Mapping,
    is_used: Flag<bool>,
}

impl LastingMemory {
    /// The part of this name with so many values; all zero when there was none of this name and size.
    /// It is called 'static, and lives until the second [`LastingMemory::sweep`] after this.
    ///
    /// # Errors
    /// Memory is out.
    pub(in crate::startup) fn part<T: Shared>(
        &self,
        name: &[BString],
        count: usize,
    ) -> io::Result<&'static [T]> {
        let bytes = count.saturating_mul(size_of::<T>());
        if bytes == 0 {
            return Ok(&[]);
        }
        let mut parts = self.parts.borrow_mut();
        let is_it = |part: &Part| part.name == name && part.mapping.bytes == bytes;
        let index = match parts.iter().position(is_it) {
            Some(index) => index,
            None => {
                parts.push(Part {
                    name: name.to_owned(),
                    mapping: Mapping::new(None, bytes)?,
                    is_used: Flag::new(true),
                });
                parts.len() - 1
            }
        };
        let Some(part) = parts.get(index) else {
            return Ok(&[]);
        };
        part.is_used.set(true);
        // SAFETY: the mapping holds `count` values of `T`, which zero bytes are and which any number of
        // processes may share. A configuration asks for its parts when it is opened and forgets them
        // with its pool, before the next one asks and sweeps.
        Ok(unsafe { part.mapping.part(0, count) })
    }

    /// Unmaps, in this process, what nobody asked for since the last time.
    pub(in crate::startup) fn sweep(&self) {
        let mut parts = self.parts.borrow_mut();
        parts.retain(|part| part.is_used.replace(false));
    }
}
