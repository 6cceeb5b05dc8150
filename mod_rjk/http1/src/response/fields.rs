//! What holds for every field, of a head or of trailers.

use super::fault;
use super::section::MAX_FIELDS;
use crate::error::{Part, ProtocolError};
use httparse::{EMPTY_HEADER, Status, parse_headers};

/// No control character but the tab (RFC 9110 §5.5). The parser refuses them, too; nothing rests on
/// that.
pub(super) fn check_value(part: Part, field: usize, value: &[u8]) -> Result<(), ProtocolError> {
    // All in one go, for nearly always there is none.
    if !value
        .iter()
        .fold(false, |any, &byte| any | is_control(byte))
    {
        return Ok(());
    }
    match value.iter().copied().find(|&byte| is_control(byte)) {
        Some(byte) => Err(ProtocolError::FieldValue { part, field, byte }),
        None => Ok(()),
    }
}

/// Reads trailers, their empty line included, and drops them: merged into the head they could
/// replace what was decided on it (RFC 9110 §6.5.1).
pub(crate) fn check_trailers(section: &[u8]) -> Result<(), ProtocolError> {
    if section == b"\r\n" {
        return Ok(());
    }
    let mut room = [EMPTY_HEADER; MAX_FIELDS];
    match parse_headers(section, &mut room) {
        Ok(Status::Complete((length, fields))) if length == section.len() => fields
            .iter()
            .enumerate()
            .try_for_each(|(field, header)| check_value(Part::Trailers, field, header.value)),
        _ => Err(fault::in_trailers(section)),
    }
}

pub(super) fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

#[cfg(test)]
mod tests;
