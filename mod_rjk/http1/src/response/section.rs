//! Where a section of lines ends, however slowly it arrives.

use crate::error::{Part, ProtocolError};
use memchr::memchr;

/// Most bytes of one line, status line or field, its end included.
pub(crate) const MAX_LINE: usize = 8 * 1024;

/// Most fields of a section.
pub(crate) const MAX_FIELDS: usize = 200;

/// Most bytes of a head.
const MAX_HEAD: usize = 64 * 1024;

/// Most bytes of a trailer section; nobody reads it.
const MAX_TRAILERS: usize = 16 * 1024;

/// A search for the empty line that ends a section. It remembers how far it came: a section that
/// drips in is looked at once.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    part: Part,
    /// Where the line starts that has not ended yet.
    line: usize,
    searched: usize,
    lines: usize,
}

impl Section {
    /// How much room there should be behind an unfinished section.
    pub(crate) const MORE: usize = 1024;

    pub(crate) fn new(part: Part) -> Section {
        Section {
            part,
            line: 0,
            searched: 0,
            lines: 0,
        }
    }

    /// Where the section that starts with `bytes` ends, `None` if it does not yet. `bytes` starts
    /// with what it started with the last time.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, ProtocolError> {
        loop {
            let new = bytes.get(self.searched..).unwrap_or_default();
            let Some(lf) = memchr(b'\n', new) else {
                self.searched = bytes.len();
                return self.check_size(bytes.len()).map(|()| None);
            };
            let end = self.searched + lf + 1;
            self.check_size(end)?;
            let line = bytes.get(self.line..end).unwrap_or_default();
            if !line.ends_with(b"\r\n") {
                return Err(ProtocolError::BareLf {
                    part: self.part,
                    position: end - 1,
                });
            }
            (self.line, self.searched) = (end, end);
            if line == b"\r\n" {
                return Ok(Some(end));
            }
            self.count_line()?;
        }
    }

    /// Says the same of a line that came at once and of its parts: the limit that lies nearer
    /// counts.
    fn check_size(&self, end: usize) -> Result<(), ProtocolError> {
        let part = self.part;
        let (line_limit, limit) = (self.line + MAX_LINE, self.max_bytes());
        match end {
            end if end <= line_limit.min(limit) => Ok(()),
            _ if line_limit <= limit => Err(ProtocolError::LineTooLong {
                part,
                limit: MAX_LINE,
            }),
            _ => Err(ProtocolError::TooLarge { part, limit }),
        }
    }

    fn count_line(&mut self) -> Result<(), ProtocolError> {
        self.lines += 1;
        let status_lines = usize::from(self.part == Part::Head);
        if self.lines > MAX_FIELDS + status_lines {
            return Err(ProtocolError::TooManyFields {
                part: self.part,
                limit: MAX_FIELDS,
            });
        }
        Ok(())
    }

    fn max_bytes(&self) -> usize {
        match self.part {
            Part::Head => MAX_HEAD,
            Part::Trailers => MAX_TRAILERS,
        }
    }
}

#[cfg(test)]
mod tests;
