//! The answer of httpd, as far as it has to be understood: where it ends, and whether it is complete.

use rjk_testbed::{Result, bail, ensure};

/// What ends a head.
const END: &[u8] = b"\r\n\r\n";
/// Longest head of an answer.
const LONGEST_HEAD: usize = 16 << 10;

/// An answer that is coming in: 200, with a body of a known length, however it is framed.
#[derive(Debug)]
pub struct Answer {
    /// Bytes of the body that are to come.
    left: u64,
    part: Part,
}

#[derive(Debug)]
enum Part {
    Head(Vec<u8>),
    /// With a Content-Length.
    Plain,
    Chunked(Chunk),
}

/// Where in a chunked body.
#[derive(Debug)]
enum Chunk {
    /// The line with its size, so far.
    Size(Vec<u8>),
    Data(u64),
    /// The line end behind its data.
    DataEnd,
    /// Behind the last one; the number of bytes of its empty line.
    Last(u8),
}

impl Answer {
    /// One whose body must have so many bytes.
    pub fn new(length: u64) -> Answer {
        Answer {
            left: length,
            part: Part::Head(Vec::new()),
        }
    }

    /// Whether anything of it came.
    pub fn has_begun(&self) -> bool {
        !matches!(&self.part, Part::Head(head) if head.is_empty())
    }

    /// Takes bytes as they come; whether the answer is complete.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<bool> {
        if let Part::Head(head) = &mut self.part {
            let before = head.len();
            head.extend_from_slice(bytes);
            let Some(end) = head.windows(END.len()).position(|window| window == END) else {
                ensure!(
                    head.len() < LONGEST_HEAD,
                    "the head of an answer is too long"
                );
                return Ok(false);
            };
            let part = part_behind(&head[..end], self.left)?;
            bytes = &bytes[end + END.len() - before..];
            self.part = part;
        }
        match &mut self.part {
            Part::Chunked(chunk) => take_chunks(chunk, &mut self.left, bytes),
            _ => {
                count(&mut self.left, bytes.len())?;
                Ok(self.left == 0)
            }
        }
    }
}

fn count(left: &mut u64, bytes: usize) -> Result {
    let Some(rest) = left.checked_sub(bytes as u64) else {
        bail!("an answer is longer than it should be");
    };
    *left = rest;
    Ok(())
}

fn take_chunks(chunk: &mut Chunk, left: &mut u64, mut bytes: &[u8]) -> Result<bool> {
    while let [first, rest @ ..] = bytes {
        match chunk {
            Chunk::Size(line) if *first == b'\n' => {
                let size = std::str::from_utf8(line)?.trim();
                let size = u64::from_str_radix(size.split(';').next().unwrap_or(size), 16)?;
                *chunk = if size == 0 {
                    Chunk::Last(0)
                } else {
                    Chunk::Data(size)
                };
            }
            Chunk::Size(line) => line.push(*first),
            Chunk::Data(size) => {
                let taken = usize::try_from(*size)?.min(bytes.len());
                count(left, taken)?;
                *size -= taken as u64;
                if *size == 0 {
                    *chunk = Chunk::DataEnd;
                }
                bytes = &bytes[taken..];
                continue;
            }
            Chunk::DataEnd if *first == b'\n' => *chunk = Chunk::Size(Vec::new()),
            Chunk::DataEnd => {}
            Chunk::Last(count) => *count += 1,
        }
        bytes = rest;
    }
    let is_complete = matches!(chunk, Chunk::Last(2));
    ensure!(
        !is_complete || *left == 0,
        "{left} bytes of an answer are missing"
    );
    Ok(is_complete)
}

/// How the body behind a head is framed; the status must be 200, and a length the expected one.
fn part_behind(head: &[u8], expected: u64) -> Result<Part> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let fields: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let value = |wanted: &str| {
        let mut found = fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map(|(_, value)| value.trim())
    };
    let length = value("Content-Length").and_then(|length| length.parse::<u64>().ok());
    match (status, length, value("Transfer-Encoding")) {
        (Some("200"), Some(length), None) if length == expected => Ok(Part::Plain),
        (Some("200"), None, Some("chunked")) => Ok(Part::Chunked(Chunk::Size(Vec::new()))),
        _ => bail!("not 200 with {expected} bytes: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\nDate: x\r\ncontent-length: 7\r\n\r\n1234567";
    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 200\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n12345\r\n2\r\n67\r\n0\r\n\r\n";

    /// After how many bytes, which come in steps, an answer was complete.
    fn complete_after(bytes: &[u8], step: usize) -> Result<Option<usize>> {
        let (mut answer, mut taken) = (Answer::new(7), 0);
        assert!(!answer.has_begun());
        for part in bytes.chunks(step) {
            taken += part.len();
            if answer.take(part)? {
                return Ok(Some(taken));
            }
            assert!(answer.has_begun());
        }
        Ok(None)
    }

    #[test]
    fn an_answer_ends_with_its_last_byte_however_it_comes() -> Result {
        for bytes in [PLAIN, CHUNKED] {
            for step in [1, 2, 7, 50, 1000] {
                assert_eq!(complete_after(bytes, step)?, Some(bytes.len()), "{step}");
            }
            assert_eq!(complete_after(&bytes[..bytes.len() - 1], 9)?, None);
        }
        Ok(())
    }

    #[test]
    fn only_the_expected_answer_counts() {
        let bad = |bytes: &[u8]| Answer::new(7).take(bytes).unwrap_err().to_string();
        let busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 7\r\n\r\n";
        assert!(bad(busy).contains("503 Busy"));
        assert!(bad(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n").contains("with 7 bytes"));
        assert!(bad(b"HTTP/1.1 200 OK\r\n\r\n").contains("with 7 bytes"));
        assert!(bad(&[PLAIN, b"8"].concat()).contains("longer"));
        let chunked = b"HTTP/1.1 200 200\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert!(bad(&[&chunked[..], b"3\r\n123\r\n0\r\n\r\n"].concat()).contains("4 bytes"));
        assert!(bad(&[&chunked[..], b"9\r\n123456789\r\n"].concat()).contains("longer"));
    }
}
