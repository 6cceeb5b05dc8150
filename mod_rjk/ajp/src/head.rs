//! SEND_HEADERS: status, reason and headers of a response (K-09).

use crate::error::ProtocolError;
use crate::reader::{Reader, Span};
use crate::wire::{CODED_NAME, response_header_name};
use std::cmp::Ordering;

/// The head of a response. It owns its bytes, since it is held back until the body begins.
///
/// What it holds is safe to pass on: names are tokens, values and reason contain no NUL, CR or LF,
/// and the status is in 200..=999.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    status: u16,
    reason: Span,
    fields: Vec<Field>,
    payload: Vec<u8>,
}

impl ResponseHead {
    /// The status, 200..=999.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase, often empty or just the number (RS-01).
    pub fn reason(&self) -> &[u8] {
        self.reason.of(&self.payload)
    }

    /// All headers in the order of the packet, hop-by-hop ones included.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| {
            let name = match field.name {
                Name::Known(name) => name.as_bytes(),
                Name::Spelled(span) => span.of(&self.payload),
            };
            (name, field.value.of(&self.payload))
        })
    }

    /// The value of the first header with this name, found without regard to case.
    pub fn header(&self, name: &[u8]) -> Option<&[u8]> {
        self.headers()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
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

    /// Reads what follows the type byte.
    pub(crate) fn parse(payload: &[u8]) -> Result<ResponseHead, ProtocolError> {
        let mut reader = Reader::new(payload);
        let status = parse_status(&mut reader)?;
        let reason = reader.string()?.unwrap_or_default();
        if let Some(&byte) = reason.of(payload).iter().find(|&&byte| is_control(byte)) {
            return Err(ProtocolError::ReasonPhrase { byte });
        }
        let count = parse_count(&mut reader)?;
        let mut fields = Vec::with_capacity(count);
        for index in 0..count {
            fields.push(Field::parse(&mut reader, payload, index)?);
        }
        Ok(ResponseHead {
            status,
            reason,
            fields,
            payload: payload.to_vec(),
        })
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

/// Where one header is in the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: Name,
    value: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// Sent as a code.
    Known(&'static str),
    /// Sent as a string.
    Spelled(Span),
}

impl Field {
    fn parse(
        reader: &mut Reader<'_>,
        payload: &[u8],
        index: usize,
    ) -> Result<Field, ProtocolError> {
        let name = Name::parse(reader, payload, index)?;
        let value = reader
            .string()?
            .ok_or(ProtocolError::NullHeaderValue { index })?;
        match value
            .of(payload)
            .iter()
            .find(|byte| matches!(byte, 0 | b'\r' | b'\n'))
        {
            Some(&byte) => Err(ProtocolError::HeaderValue { index, byte }),
            None => Ok(Field { name, value }),
        }
    }
}

impl Name {
    fn parse(reader: &mut Reader<'_>, payload: &[u8], index: usize) -> Result<Name, ProtocolError> {
        let word = reader.u16()?;
        let [high, low] = word.to_be_bytes();
        if u16::from(high) << 8 == CODED_NAME {
            let known = response_header_name(low).map(Name::Known);
            return known.ok_or(ProtocolError::UnknownHeaderCode { code: word });
        }
        let span = reader
            .string_of(word)?
            .ok_or(ProtocolError::HeaderName { index })?;
        let name = span.of(payload);
        if name.is_empty() || !name.iter().all(|&byte| is_token_byte(byte)) {
            return Err(ProtocolError::HeaderName { index });
        }
        Ok(Name::Spelled(span))
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

/// A header takes at least a name's code, a value's length and its NUL.
const SMALLEST_HEADER: usize = 5;

fn parse_status(reader: &mut Reader<'_>) -> Result<u16, ProtocolError> {
    match reader.u16()? {
        status @ 200..=999 => Ok(status),
        status @ 100..=199 => Err(ProtocolError::InterimStatus { status }),
        status => Err(ProtocolError::BadStatus { status }),
    }
}

/// Checked before anything is allocated for the headers (CP-17).
fn parse_count(reader: &mut Reader<'_>) -> Result<usize, ProtocolError> {
    let count = usize::from(reader.u16()?);
    let available = reader.available();
    if count * SMALLEST_HEADER > available {
        return Err(ProtocolError::HeaderCount { count, available });
    }
    Ok(count)
}

/// A control character other than the tab.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// RFC 9110 §5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_listed(list: &[&str], name: &[u8]) -> bool {
    list.iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

fn compare_ignore_case(a: &[u8], b: &[u8]) -> Ordering {
    let lower_a = a.iter().map(u8::to_ascii_lowercase);
    lower_a.cmp(b.iter().map(u8::to_ascii_lowercase))
}
