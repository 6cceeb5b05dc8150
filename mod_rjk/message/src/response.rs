//! The head of a response, checked where it is made.

use crate::error::HeadError;
use crate::length::ContentLength;
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
    fields: Vec<Field>,
    bytes: Vec<u8>,
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
        self.fields.iter().map(|field| {
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
        ContentLength::of(self.values(b"Content-Length"))
    }

    /// The headers that concern the client (RS-05, BG-08, CP-16): all but the hop-by-hop ones and
    /// those that `Connection` names.
    ///
    /// `Connection` cannot remove Content-Length, Content-Type, Location and Set-Cookie: without
    /// them the response would mean something else.
    pub fn end_to_end_headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let named = self.named_by_connection();
        self.headers().filter(move |(name, _)| {
            !is_listed(&HOP_BY_HOP, name)
                && named
                    .binary_search_by(|token| compare_ignore_case(token, name))
                    .is_err()
        })
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// Sorted, because a hostile packet can hold thousands of tokens and of headers.
    fn named_by_connection(&self) -> Vec<&[u8]> {
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
                fields: Vec::new(),
                bytes: Vec::new(),
            },
        }
    }

    /// Makes room for so many headers, and so many bytes of reason, spelled names and values: they
    /// then cost no further allocation.
    #[must_use]
    pub fn with_capacity(mut self, headers: usize, bytes: usize) -> HeadBuilder {
        self.head.fields.reserve_exact(headers);
        self.head.bytes.reserve_exact(bytes);
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
        self.check(name, value)?;
        let name = Name::Spelled(self.keep(name));
        self.push(name, value);
        Ok(())
    }

    /// Adds a header whose name the protocol has a code for.
    ///
    /// # Errors
    /// As for [`header`](Self::header).
    pub fn known_header(&mut self, name: &'static str, value: &[u8]) -> Result<(), HeadError> {
        self.check(name.as_bytes(), value)?;
        self.push(Name::Known(name), value);
        Ok(())
    }

    /// The head.
    pub fn build(self) -> ResponseHead {
        self.head
    }

    fn check(&self, name: &[u8], value: &[u8]) -> Result<(), HeadError> {
        let index = self.head.fields.len();
        if !is_token(name) {
            return Err(HeadError::Name { index });
        }
        match first(value, |byte| matches!(byte, 0 | b'\r' | b'\n')) {
            Some(byte) => Err(HeadError::Value { index, byte }),
            None => Ok(()),
        }
    }

    fn push(&mut self, name: Name, value: &[u8]) {
        let value = self.keep(value);
        self.head.fields.push(Field { name, value });
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.head.bytes.len();
        self.head.bytes.extend_from_slice(bytes);
        start..self.head.bytes.len()
    }
}

/// Where one header is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: Name,
    value: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// Sent as a code.
    Known(&'static str),
    /// Sent as a string.
    Spelled(Range<usize>),
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

/// RFC 9110 §5.6.2.
fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&byte| TOKEN[usize::from(byte)])
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut next = 0;
    while next < others.len() {
        table[others[next] as usize] = true;
        next += 1;
    }
    table
};

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
