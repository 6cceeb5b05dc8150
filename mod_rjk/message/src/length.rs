//! Content-Length: the only place that reads one.

/// What the Content-Length fields of a message say (RFC 9110 §8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentLength {
    /// There is none.
    Absent,
    /// So many bytes.
    Known(u64),
    /// There is more than one: whether they agree or not, somebody joined two messages.
    Several,
    /// It is something else than a number of bytes; a list of numbers, too.
    NoNumber,
}

impl ContentLength {
    /// Most bytes that a length can announce: what a signed file offset of httpd can count.
    pub const MAX: u64 = i64::MAX.cast_unsigned();

    /// Reads the values of all fields of this name.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> ContentLength {
        let values = values.into_iter();
        values.fold(ContentLength::Absent, ContentLength::and)
    }

    /// With another field behind those that say this.
    pub(crate) fn and(self, value: &[u8]) -> ContentLength {
        match self {
            ContentLength::Absent => {
                ContentLength::number(value).map_or(ContentLength::NoNumber, ContentLength::Known)
            }
            _ => ContentLength::Several,
        }
    }

    /// Bytes, if one number says so; otherwise the length is unknown.
    pub fn known(self) -> Option<u64> {
        match self {
            ContentLength::Known(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The number that a single value states: digits, and blanks around them. A sign, another base
    /// or a number above [`MAX`](Self::MAX) is none.
    pub(crate) fn number(value: &[u8]) -> Option<u64> {
        let digits = trim_blanks(value);
        if digits.is_empty() {
            return None;
        }
        let number = digits.iter().try_fold(0_u64, |number, byte| {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
            number.checked_mul(10)?.checked_add(digit.into())
        });
        number.filter(|number| *number <= ContentLength::MAX)
    }
}

/// Optional whitespace (RFC 9110 §5.6.3) is blanks and tabs, nothing else.
fn trim_blanks(value: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = value.iter().position(is_text).unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(is_text)
        .map_or(start, |last| last + 1);
    &value[start..end]
}

#[cfg(test)]
mod tests;
