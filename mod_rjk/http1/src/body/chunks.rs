//! A chunked body (RFC 9112 §7.1), read byte by byte where it is framing.

use super::{Piece, data, take};
use crate::error::{Part, ProtocolError};
use crate::response::{Section, check_trailers};
use rjk_message::ContentLength;

/// Most digits of a chunk's size, leading zeros counted.
const MAX_DIGITS: u32 = 16;

/// Most bytes of the extensions of one chunk. Nobody uses them.
const MAX_EXTENSIONS: usize = 4 * 1024;

/// How far a chunked body was read.
#[derive(Clone, Debug)]
pub(crate) struct Chunks {
    at: At,
    received: u64,
}

#[derive(Clone, Debug)]
enum At {
    /// Digits, of which so many came.
    Size {
        digits: u32,
        size: u64,
    },
    /// Blanks that only an extension may follow.
    Blanks {
        size: u64,
        length: usize,
    },
    Extensions {
        size: u64,
        length: usize,
    },
    /// The LF behind a size and its extensions.
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    /// The CR behind the data, then its LF.
    DataCr,
    DataLf,
    /// What follows the last chunk.
    Trailers(Section),
}

impl Chunks {
    pub(crate) fn new() -> Chunks {
        Chunks {
            at: START,
            received: 0,
        }
    }

    /// Bytes of data that came.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Takes framing and the data behind it.
    pub(crate) fn step<'a>(&mut self, pending: &'a [u8]) -> Result<Piece<'a>, ProtocolError> {
        let mut used = 0;
        while let Some((&byte, rest)) = pending.get(used..).and_then(<[u8]>::split_first) {
            self.at = match &mut self.at {
                At::Data { .. } | At::Trailers(_) => break,
                At::Size { digits, size } => size_byte(*digits, *size, byte)?,
                At::Blanks { size, length } => blank(*size, *length, byte)?,
                At::Extensions { size, length } => extension(*size, *length, byte)?,
                At::SizeEnd { size } => line_end(*size, byte)?,
                At::DataCr if byte == b'\r' => At::DataLf,
                At::DataLf if byte == b'\n' => START,
                At::DataCr | At::DataLf => return Err(ProtocolError::ChunkEnd { byte }),
            };
            used = pending.len() - rest.len();
        }
        let rest = pending.get(used..).unwrap_or_default();
        match &mut self.at {
            At::Data { left } => {
                let bytes = take(rest, left);
                if *left == 0 {
                    self.at = At::DataCr;
                }
                let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.received = self.received.saturating_add(count);
                Ok(data(bytes, used))
            }
            At::Trailers(section) => trailers(section, rest, used),
            _ => Ok(data(b"", used)),
        }
    }
}

const START: At = At::Size { digits: 0, size: 0 };

fn size_byte(digits: u32, size: u64, byte: u8) -> Result<At, ProtocolError> {
    let digit = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ if digits == 0 => return Err(ProtocolError::ChunkSize { byte }),
        b';' => return checked(size).map(|size| At::Extensions { size, length: 1 }),
        b' ' | b'\t' => return checked(size).map(|size| At::Blanks { size, length: 1 }),
        b'\r' => return checked(size).map(|size| At::SizeEnd { size }),
        _ => return Err(ProtocolError::ChunkSize { byte }),
    };
    if digits == MAX_DIGITS {
        return Err(ProtocolError::ChunkSizeTooLong { limit: MAX_DIGITS });
    }
    Ok(At::Size {
        digits: digits + 1,
        size: size << 4 | u64::from(digit),
    })
}

/// A size that a body can have.
fn checked(size: u64) -> Result<u64, ProtocolError> {
    if size > ContentLength::MAX {
        return Err(ProtocolError::ChunkTooLarge { size });
    }
    Ok(size)
}

fn blank(size: u64, length: usize, byte: u8) -> Result<At, ProtocolError> {
    match byte {
        _ if length >= MAX_EXTENSIONS => Err(too_long()),
        b' ' | b'\t' => Ok(At::Blanks {
            size,
            length: length + 1,
        }),
        b';' => Ok(At::Extensions {
            size,
            length: length + 1,
        }),
        _ => Err(ProtocolError::ChunkSize { byte }),
    }
}

/// Whatever an extension means, its bytes must not end the line for another reader.
fn extension(size: u64, length: usize, byte: u8) -> Result<At, ProtocolError> {
    match byte {
        b'\r' => Ok(At::SizeEnd { size }),
        _ if byte.is_ascii_control() && byte != b'\t' => {
            Err(ProtocolError::ChunkExtension { byte })
        }
        _ if length >= MAX_EXTENSIONS => Err(too_long()),
        _ => Ok(At::Extensions {
            size,
            length: length + 1,
        }),
    }
}

fn too_long() -> ProtocolError {
    ProtocolError::ChunkExtensionTooLong {
        limit: MAX_EXTENSIONS,
    }
}

fn line_end(size: u64, byte: u8) -> Result<At, ProtocolError> {
    match (byte, size) {
        (b'\n', 0) => Ok(At::Trailers(Section::new(Part::Trailers))),
        (b'\n', left) => Ok(At::Data { left }),
        _ => Err(ProtocolError::ChunkLineEnd { byte }),
    }
}

/// Trailers count as received when they are whole: the search goes on where they start.
fn trailers<'a>(
    section: &mut Section,
    rest: &[u8],
    used: usize,
) -> Result<Piece<'a>, ProtocolError> {
    match section.end(rest)? {
        Some(end) => {
            check_trailers(rest.get(..end).unwrap_or_default())?;
            Ok(Piece::End {
                consumed: used + end,
            })
        }
        None if used > 0 => Ok(Piece::Framing { consumed: used }),
        None => Ok(Piece::Incomplete {
            needed: rest.len() + Section::MORE,
        }),
    }
}

#[cfg(test)]
mod tests;
