//! The body of a response: which of the received bytes are data, and where it ends.

mod chunks;

use crate::error::ProtocolError;
use crate::response::Framing;
use chunks::Chunks;

/// How far a body was read.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Known { length: u64, left: u64 },
    Chunked(Chunks),
    ToEnd,
}

/// What the start of a buffer holds of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Nothing that could be used; so large should the buffer be.
    Incomplete { needed: usize },
    /// Data, never empty; `consumed` counts the framing before it.
    Data { data: &'a [u8], consumed: usize },
    /// Framing alone, at least one byte.
    Framing { consumed: usize },
    /// The end of the body.
    End { consumed: usize },
}

impl Body {
    /// The body behind a head, if there is one.
    pub(crate) fn new(framing: Framing) -> Option<Body> {
        match framing {
            Framing::None | Framing::Known(0) => None,
            Framing::Known(length) => Some(Body::Known {
                length,
                left: length,
            }),
            Framing::Chunked => Some(Body::Chunked(Chunks::new())),
            Framing::ToEnd => Some(Body::ToEnd),
        }
    }

    /// Takes the next piece.
    pub(crate) fn step<'a>(&mut self, pending: &'a [u8]) -> Result<Piece<'a>, ProtocolError> {
        match self {
            Body::Known { left: 0, .. } => Ok(Piece::End { consumed: 0 }),
            Body::Known { left, .. } => Ok(data(take(pending, left), 0)),
            Body::Chunked(chunks) => chunks.step(pending),
            Body::ToEnd => Ok(data(pending, 0)),
        }
    }

    /// The connection ended.
    pub(crate) fn at_end(&self, pending: usize) -> Result<(), ProtocolError> {
        match self {
            Body::Known { left: 0, .. } => Ok(()),
            Body::Known { length, left } => Err(ProtocolError::EndInBody {
                have: length.saturating_sub(*left),
                length: *length,
            }),
            Body::Chunked(chunks) => Err(ProtocolError::EndInChunks {
                have: chunks.received(),
            }),
            Body::ToEnd if pending > 0 => Err(ProtocolError::Unread { bytes: pending }),
            Body::ToEnd => Ok(()),
        }
    }
}

/// What of `pending` belongs to the `left` bytes, which become fewer.
fn take<'a>(pending: &'a [u8], left: &mut u64) -> &'a [u8] {
    let most = usize::try_from(*left).unwrap_or(usize::MAX);
    let data = pending.get(..most).unwrap_or(pending);
    *left = left.saturating_sub(u64::try_from(data.len()).unwrap_or(u64::MAX));
    data
}

/// Data behind so many bytes of framing.
fn data(data: &[u8], framing: usize) -> Piece<'_> {
    match (data.len(), framing) {
        (0, 0) => Piece::Incomplete { needed: 1 },
        (0, consumed) => Piece::Framing { consumed },
        (length, framing) => Piece::Data {
            data,
            consumed: framing + length,
        },
    }
}

#[cfg(test)]
mod tests;
