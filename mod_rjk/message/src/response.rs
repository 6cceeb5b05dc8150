//! The head of a response, checked where it is made.

use crate::error::HeadError;
use crate::length::ContentLength;
use crate::name::{KnownName, is_token};
use crate::parts::{Field, Name, Parts};
use std::cmp::Ordering;
use std::ops::Range;

/// The head of a response. It owns its bytes, since it is held back until the body begins.
///
/// What it holds is safe to pass on: names are tokens, values and reason contain no NUL, CR or LF,
/// and the status is in 200..=999, or one of the two interim ones that have a meaning of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    status: u16,
    reason: Range<usize>,
    length: ContentLength,
    /// A field is called Connection.
    has_connection: bool,
    parts: Parts,
}

impl ResponseHead {
    /// Starts a head with this status.
    ///
    /// # Errors
    /// [`HeadError::Status`] and [`HeadError::InterimStatus`] unless it is in 200..=999.
    pub fn builder(status: u16) -> Result<HeadBuilder, HeadError> {
        HeadBuilder::new(status)
    }

    /// Starts the head of an interim response that may be passed on: 101 (the protocol changes) or
    /// 103 (hints).
    ///
    /// # Errors
    /// [`HeadError::Status`] and [`HeadError::InterimStatus`] for every other status.
    pub fn interim(status: u16) -> Result<HeadBuilder, HeadError> {
        HeadBuilder::interim(status)
    }

    /// The status: 200..=999, 101 or 103.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase, often empty or just the number (RS-01).
    pub fn reason(&self) -> &[u8] {
        self.part(&self.reason)
    }

    /// All headers in the order in which they came, hop-by-hop ones included.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.parts.fields().iter().map(|field| {
            let name = match &field.name {
                Name::Known(name) => name.as_bytes(),
                Name::Spelled(range) => self.part(range),
            };
            (name, self.part(&field.value))
        })
    }

    /// The value of the first header with this name, found without regard to case.
    pub fn header(&self, name: &[u8]) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The values of all headers with this name, found without regard to case.
    pub fn values(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.headers()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// What the head says of the length of its body. Whoever frames the response and whoever checks
    /// it take this one: unless it is known, no Content-Length may be passed on (RS-03).
    pub fn content_length(&self) -> ContentLength {
        self.length
    }

    /// The headers that concern the client (RS-05, BG-08, CP-16): all but the hop-by-hop ones and
    /// those that `Connection` names.
    ///
    /// `Connection` cannot remove Content-Length, Content-Type, Location and Set-Cookie: without
    /// them the response would mean something else.
    pub fn end_to_end_headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let named = self.named_by_connection();
        self.headers().filter(move |(name, _)| {
            !is_hop_by_hop(name)
                && named
                    .binary_search_by(|token| compare_ignore_case(token, name))
                    .is_err()
        })
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.parts.bytes().get(range.clone()).unwrap_or_default()
    }

    /// Sorted, because a hostile packet can hold thousands of tokens and of headers.
    fn named_by_connection(&self) -> Vec<&[u8]> {
        if !self.has_connection {
            return Vec::new();
        }
        let mut named: Vec<&[u8]> = self
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"Connection"))
            .flat_map(|(_, value)| value.split(|&byte| byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|token| !token.is_empty() && !is_listed(&INDISPENSABLE, token))
            .collect();
        named.sort_unstable_by(|a, b| compare_ignore_case(a, b));
        named
    }
}

/// Makes a [`ResponseHead`] of parts that nobody looked at yet.
#[derive(Clone, Debug)]
pub struct HeadBuilder {
    head: ResponseHead,
}

impl HeadBuilder {
    fn new(status: u16) -> Result<HeadBuilder, HeadError> {
        match status {
            200..=999 => Ok(HeadBuilder::of(status)),
            100..=199 => Err(HeadError::InterimStatus { status }),
            _ => Err(HeadError::Status { status }),
        }
    }

    fn interim(status: u16) -> Result<HeadBuilder, HeadError> {
        match status {
            101 | 103 => Ok(HeadBuilder::of(status)),
            100..=199 => Err(HeadError::InterimStatus { status }),
            _ => Err(HeadError::Status { status }),
        }
    }

    fn of(status: u16) -> HeadBuilder {
        HeadBuilder {
            head: ResponseHead {
                status,
                reason: 0..0,
                length: ContentLength::Absent,
                has_connection: false,
                parts: Parts::new(),
            },
        }
    }

    /// Makes room for so many headers, and so many bytes of reason, spelled names and values: they
    /// then cost no further allocation.
    #[must_use]
    pub fn with_capacity(mut self, headers: usize, bytes: usize) -> HeadBuilder {
        let buffers = self.head.parts.buffers();
        buffers.fields.reserve_exact(headers);
        buffers.bytes.reserve_exact(bytes);
        self
    }

    /// Sets the reason phrase.
    ///
    /// # Errors
    /// [`HeadError::Reason`] if it contains a control character other than the tab.
    pub fn reason(&mut self, reason: &[u8]) -> Result<(), HeadError> {
        if let Some(byte) = first(reason, is_control) {
            return Err(HeadError::Reason { byte });
        }
        self.head.reason = self.keep(reason);
        Ok(())
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`HeadError::Name`] and [`HeadError::Value`], with the header's position.
    pub fn header(&mut self, name: &[u8], value: &[u8]) -> Result<(), HeadError> {
        if !is_token(name) {
            let index = self.head.parts.fields().len();
            return Err(HeadError::Name { index });
        }
        self.check_value(value)?;
        // What the fields say of the length is read once, when they come.
        if name.eq_ignore_ascii_case(b"Content-Length") {
            self.head.length = self.head.length.and(value);
        }
        self.head.has_connection |= name.eq_ignore_ascii_case(b"Connection");
        let name = Name::Spelled(self.keep(name));
        self.push(name, value);
        Ok(())
    }

    /// Adds a header whose name the protocol has a code for.
    ///
    /// # Errors
    /// [`HeadError::Value`].
    pub fn known_header(&mut self, name: KnownName, value: &[u8]) -> Result<(), HeadError> {
        self.check_value(value)?;
        if name.is_length() {
            self.head.length = self.head.length.and(value);
        }
        self.head.has_connection |= name.is_connection();
        self.push(Name::Known(name.as_str()), value);
        Ok(())
    }

    /// The head.
    pub fn build(self) -> ResponseHead {
        self.head
    }

    fn check_value(&self, value: &[u8]) -> Result<(), HeadError> {
        let index = self.head.parts.fields().len();
        if !has_low(value) {
            return Ok(());
        }
        let bad = |byte: &u8| matches!(byte, 0 | b'\r' | b'\n');
        match value.iter().copied().find(bad) {
            Some(byte) => Err(HeadError::Value { index, byte }),
            None => Ok(()),
        }
    }

    fn push(&mut self, name: Name, value: &[u8]) {
        let value = self.keep(value);
        self.head.parts.buffers().fields.push(Field { name, value });
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let kept = &mut self.head.parts.buffers().bytes;
        let start = kept.len();
        kept.extend_from_slice(bytes);
        start..kept.len()
    }
}

/// Headers of one connection (RFC 9110 §7.6.1); httpd frames the response to the client itself.
const HOP_BY_HOP: [&str; 7] = [
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

const INDISPENSABLE: [&str; 4] = ["Content-Length", "Content-Type", "Location", "Set-Cookie"];

/// A control character other than the tab.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// The first byte that is bad. Nearly always there is none: all are looked at in one go, which takes
/// a fraction of the time of a look at each.
fn first(bytes: &[u8], is_bad: impl Fn(u8) -> bool) -> Option<u8> {
    let any = bytes.iter().fold(false, |any, &byte| any | is_bad(byte));
    if !any {
        return None;
    }
    bytes.iter().copied().find(|&byte| is_bad(byte))
}

/// Whether a byte is below 14, as NUL, CR and LF are, and nearly nothing else that stands in a value: eight
/// of them are looked at in one go.
fn has_low(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (eights, rest) = bytes.as_chunks::<8>();
    let low = eights.iter().fold(0, |low, eight| {
        let eight = u64::from_ne_bytes(*eight);
        low | eight.wrapping_sub(ONES * 14) & !eight
    });
    low & HIGH != 0 || rest.iter().any(|byte| *byte < 14)
}

/// Hardly any name is as long as one of [`HOP_BY_HOP`].
fn is_hop_by_hop(name: &[u8]) -> bool {
    matches!(name.len(), 2 | 7 | 10 | 16 | 17) && is_listed(&HOP_BY_HOP, name)
}

fn is_listed(list: &[&str], name: &[u8]) -> bool {
    list.iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

fn compare_ignore_case(a: &[u8], b: &[u8]) -> Ordering {
    let lower_a = a.iter().map(u8::to_ascii_lowercase);
    lower_a.cmp(b.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests;
