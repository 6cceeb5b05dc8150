//! SEND_HEADERS: status, reason and headers of a response (K-09).

use crate::error::ProtocolError;
use crate::reader::Reader;
use crate::wire::{CODED_NAME, response_header_name};
use rjk_message::{HeadBuilder, ResponseHead};

/// Reads what follows the type byte.
pub(crate) fn parse(payload: &[u8]) -> Result<ResponseHead, ProtocolError> {
    let mut reader = Reader::new(payload);
    let head = ResponseHead::builder(reader.u16()?)?;
    let reason = reader.string()?.unwrap_or_default();
    let count = parse_count(&mut reader)?;
    // One allocation for all bytes: what is kept of the payload is less than the payload.
    let mut head = head.with_capacity(count, payload.len());
    head.reason(reason)?;
    for index in 0..count {
        parse_header(&mut reader, index, &mut head)?;
    }
    Ok(head.build())
}

/// A header takes at least a name's code, a value's length and its NUL.
const SMALLEST_HEADER: usize = 5;

/// Checked before anything is allocated for the headers (CP-17).
fn parse_count(reader: &mut Reader<'_>) -> Result<usize, ProtocolError> {
    let count = usize::from(reader.u16()?);
    let available = reader.available();
    if count * SMALLEST_HEADER > available {
        return Err(ProtocolError::HeaderCount { count, available });
    }
    Ok(count)
}

fn parse_header(
    reader: &mut Reader<'_>,
    index: usize,
    head: &mut HeadBuilder,
) -> Result<(), ProtocolError> {
    let word = reader.u16()?;
    let [high, low] = word.to_be_bytes();
    if u16::from(high) << 8 == CODED_NAME {
        let name =
            response_header_name(low).ok_or(ProtocolError::UnknownHeaderCode { code: word })?;
        let value = parse_value(reader, index)?;
        return Ok(head.known_header(name, value)?);
    }
    let name = reader
        .string_of(word)?
        .ok_or(ProtocolError::HeaderName { index })?;
    let value = parse_value(reader, index)?;
    Ok(head.header(name, value)?)
}

fn parse_value<'a>(reader: &mut Reader<'a>, index: usize) -> Result<&'a [u8], ProtocolError> {
    reader
        .string()?
        .ok_or(ProtocolError::NullHeaderValue { index })
}
