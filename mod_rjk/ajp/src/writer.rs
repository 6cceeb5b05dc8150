//! Appends the fields of a packet to a buffer.

use crate::wire::NULL_STRING;

/// A string, or the null string.
pub(crate) fn put_nullable(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => put_string(out, value),
        None => put_u16(out, NULL_STRING),
    }
}

/// Length, bytes, NUL.
pub(crate) fn put_string(out: &mut Vec<u8>, value: &[u8]) {
    put_u16(out, truncate_to_u16(value.len()));
    out.extend_from_slice(value);
    out.push(0);
}

/// A word, big-endian.
pub(crate) fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Overwrites the word at `at`.
pub(crate) fn patch_u16(out: &mut [u8], at: usize, value: usize) {
    out[at..at + 2].copy_from_slice(&truncate_to_u16(value).to_be_bytes());
}

/// Nothing is lost in a packet that is sent: a string or a count of 65535 and more makes it larger
/// than any packet may be, so `request::encode` refuses it.
fn truncate_to_u16(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(NULL_STRING)
}
