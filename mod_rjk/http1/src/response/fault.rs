//! What is wrong with a section that the parser refused: the first byte that breaks a rule.

use super::fields::is_control;
use crate::error::{Part, ProtocolError};
use crate::request::bytes::TOKEN;

/// Of a head whose lines end properly and that starts with `HTTP/`.
pub(super) fn in_head(section: &[u8]) -> ProtocolError {
    let mut lines = lines(section);
    let status_line = lines.next().unwrap_or_default();
    in_status_line(status_line)
        .or_else(|| in_fields(Part::Head, lines))
        .unwrap_or_else(|| malformed(Part::Head, section))
}

/// Of trailers whose lines end properly.
pub(super) fn in_trailers(section: &[u8]) -> ProtocolError {
    in_fields(Part::Trailers, lines(section)).unwrap_or_else(|| malformed(Part::Trailers, section))
}

fn malformed(part: Part, section: &[u8]) -> ProtocolError {
    ProtocolError::Malformed {
        part,
        length: section.len(),
    }
}

/// The lines with their CR, up to the empty one.
fn lines(section: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = section.split(|&byte| byte == b'\n');
    lines.take_while(|line| line != b"\r")
}

/// What follows `HTTP/`.
const VERSION: usize = 5;

fn in_status_line(line: &[u8]) -> Option<ProtocolError> {
    let rest = line.get(VERSION..).unwrap_or_default();
    let (version, rest) = rest.split_first_chunk().unwrap_or((b"   ", b""));
    if !matches!(version, b"1.1" | b"1.0") {
        return Some(ProtocolError::Version { found: *version });
    }
    let (status, reason) = rest.split_at_checked(4).unwrap_or((rest, b""));
    let is_due = |place: usize, byte: u8| match place {
        0 => byte == b' ',
        1..=3 => byte.is_ascii_digit(),
        4 => matches!(byte, b' ' | b'\r'),
        _ => true,
    };
    let wrong = rest.iter().enumerate().find(|&(i, &byte)| !is_due(i, byte));
    if let Some((place, &byte)) = wrong {
        let position = VERSION + version.len() + place;
        return Some(ProtocolError::StatusLine { position, byte });
    }
    let reason = reason.strip_suffix(b"\r").unwrap_or(reason);
    let byte = reason.iter().copied().find(|&byte| is_control(byte))?;
    debug_assert_eq!(status.len(), 4);
    Some(ProtocolError::Reason { byte })
}

fn in_fields<'a>(part: Part, lines: impl Iterator<Item = &'a [u8]>) -> Option<ProtocolError> {
    let mut lines = lines.enumerate();
    lines.find_map(|(field, line)| in_field(part, field, line))
}

fn in_field(part: Part, field: usize, line: &[u8]) -> Option<ProtocolError> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Some(ProtocolError::Folded { part, field });
    }
    let name_end = line.iter().position(|&byte| !TOKEN.holds(byte))?;
    let (name, rest) = line.split_at_checked(name_end)?;
    let (&byte, value) = rest.split_first()?;
    if byte != b':' || name.is_empty() {
        return Some(ProtocolError::FieldName { part, field, byte });
    }
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let byte = value.iter().copied().find(|&byte| is_control(byte))?;
    Some(ProtocolError::FieldValue { part, field, byte })
}

#[cfg(test)]
mod tests;
