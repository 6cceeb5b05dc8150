//! Texts of a request on their way to a policy.

use bstr::ByteSlice;
use std::borrow::Cow;

/// With U+FFFD in place of what is not UTF-8.
pub(crate) fn text(bytes: Cow<'_, [u8]>) -> String {
    match bytes {
        Cow::Borrowed(bytes) => bytes.to_str_lossy().into_owned(),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().to_str_lossy().into_owned()),
    }
}

/// The text in the place of another, whose memory is used again: most values are short, and every
/// request would pay for new memory.
pub(crate) fn text_in(mut place: String, bytes: &[u8]) -> String {
    place.clear();
    place.push_str(&bytes.to_str_lossy());
    place
}
