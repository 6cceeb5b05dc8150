//! What one decision may ask and copy.

use crate::fault::Excess;
use crate::limits::{MAX_CALLS, MAX_COPIED_BYTES};
use wasmtime::{Error, Result};

/// What is left of the calls and copies of one decision.
pub(super) struct Budget {
    calls_left: u32,
    copies_left: usize,
    /// The list of candidates was copied.
    listed: bool,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            calls_left: MAX_CALLS,
            copies_left: MAX_COPIED_BYTES,
            listed: false,
        }
    }
}

impl Budget {
    /// Takes one call of the host.
    pub(super) fn spend(&mut self) -> Result<()> {
        match self.calls_left.checked_sub(1) {
            Some(left) => {
                self.calls_left = left;
                Ok(())
            }
            None => Err(Error::new(Excess::Calls)),
        }
    }

    /// Takes what is about to be copied.
    pub(super) fn copy(&mut self, bytes: usize) -> Result<()> {
        match self.copies_left.checked_sub(bytes) {
            Some(left) => {
                self.copies_left = left;
                Ok(())
            }
            None => Err(Error::new(Excess::Copies)),
        }
    }

    /// Takes a list of candidates; the first is free, for how long it is the policy cannot know.
    pub(super) fn copy_list(&mut self, bytes: usize) -> Result<()> {
        match std::mem::replace(&mut self.listed, true) {
            true => self.copy(bytes),
            false => Ok(()),
        }
    }
}
