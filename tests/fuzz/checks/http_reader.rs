//! A reader of responses that knows fewer rules: heads and chunk sizes by `httparse`, the rest by
//! the letter of RFC 9112 §6.3. What the module accepts has to mean the same to it.

use httparse::{EMPTY_HEADER, Header, Response, Status, parse_chunk_size, parse_headers};

/// A final response, or a change to a tunnel.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub status: u16,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
    /// Bytes up to the end of the response, interim ones before it included.
    pub length: usize,
}

/// As many fields as the module takes.
const FIELDS: usize = 200;

/// Reads a stream that the connection's end ends; `None` where it makes no sense to the reader.
pub fn read(stream: &[u8], head_request: bool) -> Option<Reading> {
    let mut start = 0;
    loop {
        let mut room = [EMPTY_HEADER; FIELDS];
        let mut response = Response::new(&mut room);
        let Status::Complete(length) = response.parse(stream.get(start..)?).ok()? else {
            return None;
        };
        start += length;
        let status = response.code?;
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        let no_body = head_request || matches!(status, 101 | 204 | 304);
        let (body, length) = match no_body {
            true => (Vec::new(), 0),
            false => read_body(stream.get(start..)?, response.headers)?,
        };
        let fields = response.headers.iter();
        return Some(Reading {
            status,
            fields: fields
                .map(|field| (field.name.as_bytes().to_vec(), field.value.to_vec()))
                .collect(),
            body,
            length: start + length,
        });
    }
}

/// The body at the start of `stream`, and how many bytes it takes.
fn read_body(stream: &[u8], fields: &[Header<'_>]) -> Option<(Vec<u8>, usize)> {
    let value = |name: &str| {
        let mut fields = fields.iter().rev();
        let field = fields.find(|field| field.name.eq_ignore_ascii_case(name));
        field.map(|field| field.value)
    };
    if value("Transfer-Encoding").is_some() {
        return read_chunks(stream);
    }
    match value("Content-Length") {
        Some(length) => {
            let length = std::str::from_utf8(length).ok()?.parse().ok()?;
            Some((stream.get(..length)?.to_vec(), length))
        }
        None => Some((stream.to_vec(), stream.len())),
    }
}

fn read_chunks(stream: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut start) = (Vec::new(), 0);
    loop {
        let Status::Complete((line, size)) = parse_chunk_size(stream.get(start..)?).ok()? else {
            return None;
        };
        start += line;
        if size == 0 {
            break;
        }
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        body.extend_from_slice(stream.get(start..end)?);
        start = end + 2;
    }
    let mut room = [EMPTY_HEADER; FIELDS];
    match parse_headers(stream.get(start..)?, &mut room).ok()? {
        Status::Complete((length, _)) => Some((body, start + length)),
        Status::Partial => None,
    }
}
