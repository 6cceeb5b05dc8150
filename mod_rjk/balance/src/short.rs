//! The beginning of something, without memory of its own.

use bstr::{BStr, ByteSlice as _};

/// Up to `MAX` bytes, of which there may be 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short<const MAX: usize> {
    bytes: [u8; MAX],
    length: u8,
}

impl<const MAX: usize> Default for Short<MAX> {
    fn default() -> Short<MAX> {
        const { assert!(MAX <= u8::MAX as usize) };
        Short {
            bytes: [0; MAX],
            length: 0,
        }
    }
}

impl<const MAX: usize> Short<MAX> {
    /// Bytes that are kept.
    pub const MAX: usize = MAX;

    /// The first bytes.
    pub fn new(bytes: &[u8]) -> Short<MAX> {
        let mut short = Short::default();
        short.append(bytes.get(..MAX).unwrap_or(bytes));
        short
    }

    /// Appends them; `false` when there is no room for all, then none is.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> bool {
        let start = usize::from(self.length);
        let Some(place) = self.bytes.get_mut(start..start + bytes.len()) else {
            return false;
        };
        place.copy_from_slice(bytes);
        self.length += bytes.len() as u8;
        true
    }

    /// They.
    pub fn as_bstr(&self) -> &BStr {
        let length = usize::from(self.length);
        self.bytes.get(..length).unwrap_or_default().as_bstr()
    }
}
