//! What we accept is read with the same meaning by a reader that knows fewer rules: heads and chunk
//! sizes by `httparse`, the rest by the letter of RFC 9112 §6.3.

use super::*;
use httparse::{EMPTY_HEADER, Response, Status, parse_chunk_size};
use proptest::prelude::*;

/// A final response as the other reader sees it.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    status: u16,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    /// Bytes up to the end of the response.
    length: usize,
}

/// Reads the whole stream; `None` where it makes no sense to the reader.
fn other(stream: &[u8], head_request: bool) -> Option<Reading> {
    let mut start = 0;
    loop {
        let mut room = [EMPTY_HEADER; 64];
        let mut response = Response::new(&mut room);
        let Status::Complete(length) = response.parse(&stream[start..]).ok()? else {
            return None;
        };
        start += length;
        let status = response.code?;
        if (100..200).contains(&status) && status != 101 {
            continue;
        }
        let fields = response.headers.iter();
        let fields: Vec<_> = fields
            .map(|field| (field.name.as_bytes().to_vec(), field.value.to_vec()))
            .collect();
        let (body, length) = other_body(&stream[start..], status, head_request, &fields)?;
        return Some(Reading {
            status,
            fields,
            body,
            length: start + length,
        });
    }
}

/// The body at the start of `stream`, and how many bytes it takes.
fn other_body(
    stream: &[u8],
    status: u16,
    head_request: bool,
    fields: &[(Vec<u8>, Vec<u8>)],
) -> Option<(Vec<u8>, usize)> {
    let value = |name: &[u8]| {
        let mut named = fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next_back().map(|(_, value)| value.as_slice())
    };
    if head_request || matches!(status, 101 | 204 | 304) {
        return Some((Vec::new(), 0));
    }
    if value(b"transfer-encoding").is_some() {
        return other_chunks(stream);
    }
    match value(b"content-length") {
        Some(length) => {
            let length = std::str::from_utf8(length).ok()?.parse().ok()?;
            Some((stream.get(..length)?.to_vec(), length))
        }
        None => Some((stream.to_vec(), stream.len())),
    }
}

fn other_chunks(stream: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut start) = (Vec::new(), 0);
    loop {
        let Status::Complete((line, size)) = parse_chunk_size(&stream[start..]).ok()? else {
            return None;
        };
        start += line;
        if size == 0 {
            break;
        }
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        body.extend_from_slice(stream.get(start..end)?);
        start = end + 2;
        stream.get(..start)?;
    }
    let mut room = [EMPTY_HEADER; 64];
    match httparse::parse_headers(&stream[start..], &mut room).ok()? {
        Status::Complete((length, _)) => Some((body, start + length)),
        Status::Partial => None,
    }
}

/// Our reading, of a response that we accept as whole.
fn ours(stream: &[u8], head_request: bool) -> Option<Reading> {
    let expected = Expected {
        head_request,
        ..GET
    };
    let mut exchange = Exchange::new(expected);
    let (mut reading, mut start) = (None, 0);
    while !exchange.finished() {
        let action = match exchange.step(&stream[start..]).ok()? {
            Step::Complete { action, consumed } => {
                start += consumed;
                action
            }
            Step::Incomplete { .. } => exchange.at_end(stream.len() - start).ok()?,
        };
        match (action, &mut reading) {
            (Action::Head(head), _) => {
                let fields = head.headers();
                reading = Some(Reading {
                    status: head.status(),
                    fields: fields.map(|(n, v)| (n.to_vec(), v.to_vec())).collect(),
                    body: Vec::new(),
                    length: 0,
                });
            }
            (Action::Body(data), Some(reading)) => reading.body.extend_from_slice(data),
            _ => {}
        }
    }
    reading.map(|reading| Reading {
        length: start,
        ..reading
    })
}

/// Whether our reading, if there is one, is the other reader's.
fn agree(stream: &[u8], head_request: bool) -> Result<bool, TestCaseError> {
    let Some(ours) = ours(stream, head_request) else {
        return Ok(false);
    };
    prop_assert_eq!(Some(ours), other(stream, head_request));
    Ok(true)
}

#[test]
fn both_read_whole_responses() {
    for stream in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\nmore",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404\r\nA: b\r\n\r\nhello",
        "HTTP/1.1 204 None\r\nA: b\r\n\r\nmore",
    ] {
        for head_request in [false, true] {
            assert!(agree(stream.as_bytes(), head_request).unwrap(), "{stream}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn what_we_accept_others_read_alike(stream in super::reads::any_stream(), head_request: bool) {
        agree(&stream, head_request)?;
    }
}
