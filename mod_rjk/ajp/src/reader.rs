//! A cursor over one packet; nothing outside the packet can be read through it.

use crate::error::ProtocolError;
use crate::wire::NULL_STRING;

/// Reads the fields of a payload one after the other.
pub(crate) struct Reader<'a> {
    payload: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(payload: &'a [u8]) -> Self {
        Reader {
            payload,
            position: 0,
        }
    }

    /// Bytes that were not read yet.
    pub(crate) fn available(&self) -> usize {
        self.payload.len() - self.position
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ProtocolError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ProtocolError> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next `len` bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], ProtocolError> {
        let available = self.available();
        let rest = &self.payload[self.position..];
        let bytes = rest.get(..len).ok_or(ProtocolError::TruncatedField {
            needed: len,
            available,
        })?;
        self.position += len;
        Ok(bytes)
    }

    /// A string with its length; `None` is the null string.
    pub(crate) fn string(&mut self) -> Result<Option<&'a [u8]>, ProtocolError> {
        let len = self.u16()?;
        self.string_of(len)
    }

    /// A string whose length was read before.
    pub(crate) fn string_of(&mut self, len: u16) -> Result<Option<&'a [u8]>, ProtocolError> {
        if len == NULL_STRING {
            return Ok(None);
        }
        let len = usize::from(len);
        let terminated = self.bytes(len + 1)?;
        match terminated.split_last() {
            Some((0, string)) => Ok(Some(string)),
            _ => Err(ProtocolError::UnterminatedString { len }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtocolError> {
        let available = self.available();
        let bytes = self.bytes(N)?;
        bytes.try_into().map_err(|_| ProtocolError::TruncatedField {
            needed: N,
            available,
        })
    }
}
