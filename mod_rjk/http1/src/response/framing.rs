//! How the body of a response is framed (RFC 9112 §6.3).

use super::control::{Coding, Control};
use crate::error::ProtocolError;
use rjk_message::ContentLength;

/// Where the body of a response ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Known(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection.
    ToEnd,
}

impl Control {
    /// The framing of a final response with this status.
    ///
    /// What contradicts itself is refused even where no body follows: the head goes to the client.
    pub(crate) fn framing(
        &self,
        status: u16,
        head_request: bool,
    ) -> Result<Framing, ProtocolError> {
        let framing = self.announced()?;
        Ok(match status {
            _ if head_request => Framing::None,
            204 | 304 => Framing::None,
            _ => framing,
        })
    }

    /// Whether a response that has no body announces one all the same, which may still come: HEAD
    /// and 304 tell of the body that GET would have got, 204 has no such excuse (RFC 9112 §6.1).
    pub(crate) fn may_leave_rest(&self, status: u16) -> bool {
        status == 204 && self.announces_body()
    }

    /// Whether there is more than an empty body.
    pub(crate) fn announces_body(&self) -> bool {
        self.coding != Coding::Absent
            || !matches!(self.length, ContentLength::Absent | ContentLength::Known(0))
    }

    fn announced(&self) -> Result<Framing, ProtocolError> {
        match (self.coding, self.length) {
            (Coding::Absent, ContentLength::Absent) => Ok(Framing::ToEnd),
            (Coding::Absent, ContentLength::Known(bytes)) => Ok(Framing::Known(bytes)),
            (Coding::Absent, ContentLength::Several) => Err(ProtocolError::LengthRepeated {
                count: self.lengths,
            }),
            (Coding::Absent, ContentLength::NoNumber) => Err(ProtocolError::LengthNoNumber),
            (_, ContentLength::Absent) => self.coded(),
            _ => Err(ProtocolError::CodingAndLength),
        }
    }

    fn coded(&self) -> Result<Framing, ProtocolError> {
        match self.coding {
            _ if self.old => Err(ProtocolError::CodingInOld),
            Coding::Repeated => Err(ProtocolError::CodingRepeated),
            Coding::Absent | Coding::Unknown => Err(ProtocolError::CodingUnknown),
            Coding::Chunked => Ok(Framing::Chunked),
        }
    }
}

#[cfg(test)]
mod tests;
