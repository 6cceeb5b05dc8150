//! A whole head, read and checked.

use super::control::Control;
use super::fault;
use super::fields::check_value;
use super::section::MAX_FIELDS;
use crate::error::{Part, ProtocolError};
use httparse::{Header, ParserConfig, Response, Status};
use rjk_message::{HeadBuilder, ResponseHead};
use std::mem::MaybeUninit;

/// A head as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) status: u16,
    /// `None` for an interim response that tells nothing.
    pub(crate) head: Option<ResponseHead>,
    pub(crate) control: Control,
}

impl Received {
    /// Reads a head, its empty line included.
    pub(crate) fn read(section: &[u8]) -> Result<Received, ProtocolError> {
        let mut room = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut parsed = Response::new(&mut []);
        let config = ParserConfig::default();
        match config.parse_response_with_uninit_headers(&mut parsed, section, &mut room) {
            Ok(Status::Complete(length)) if length == section.len() => {}
            _ => return Err(fault::in_head(section)),
        }
        let (Some(version), Some(status)) = (parsed.version, parsed.code) else {
            return Err(fault::in_head(section));
        };
        let mut control = Control::new(version == 0);
        for (field, header) in parsed.headers.iter().enumerate() {
            check_value(Part::Head, field, header.value)?;
            control.note(header.name.as_bytes(), header.value);
        }
        let builder = builder(status)?;
        let head = builder.map(|head| build(head, section, parsed.headers));
        Ok(Received {
            status,
            head: head.transpose()?,
            control,
        })
    }
}

fn builder(status: u16) -> Result<Option<HeadBuilder>, ProtocolError> {
    Ok(match status {
        101 | 103 => Some(ResponseHead::interim(status)?),
        100..=199 => None,
        _ => Some(ResponseHead::builder(status)?),
    })
}

fn build(
    builder: HeadBuilder,
    section: &[u8],
    headers: &[Header<'_>],
) -> Result<ResponseHead, ProtocolError> {
    // One allocation for all bytes: what is kept of the section is less than the section.
    let mut head = builder.with_capacity(headers.len(), section.len());
    head.reason(reason(section))?;
    for header in headers {
        head.header(header.name.as_bytes(), header.value)?;
    }
    Ok(head.build())
}

/// Bytes before the reason phrase: `HTTP/1.1 200 `.
const BEFORE_REASON: usize = 13;

/// The reason phrase as it was sent: the parser leaves one out that is not ASCII.
fn reason(section: &[u8]) -> &[u8] {
    let line = section.split(|&byte| byte == b'\r').next();
    line.and_then(|line| line.get(BEFORE_REASON..))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
