use super::*;
use proptest::prelude::*;

/// The data of a chunked body, and what is behind its end; `None` if it is not whole.
type Read = Result<Option<(Vec<u8>, Vec<u8>)>, ProtocolError>;

/// Reads a body that arrives in pieces of this size.
fn read(stream: &[u8], size: usize) -> Read {
    let mut chunks = Chunks::new();
    let (mut data, mut start, mut end) = (Vec::new(), 0, 0);
    loop {
        match chunks.step(&stream[start..end])? {
            Piece::Incomplete { needed } => {
                assert!(needed > end - start);
                if end == stream.len() {
                    assert_eq!(chunks.received(), data.len() as u64);
                    return Ok(None);
                }
                end = (end + size).min(stream.len());
            }
            Piece::Framing { consumed } => {
                assert!(consumed > 0);
                start += consumed;
            }
            Piece::Data {
                data: part,
                consumed,
            } => {
                assert!(!part.is_empty() && part.len() <= consumed);
                // It ends what was used: it lies where it was received.
                assert_eq!(
                    part.as_ptr_range().end,
                    stream[start..][..consumed].as_ptr_range().end
                );
                data.extend_from_slice(part);
                start += consumed;
            }
            Piece::End { consumed } => {
                let rest = stream[start + consumed..].to_vec();
                return Ok(Some((data, rest)));
            }
        }
    }
}

/// Reads it at once and byte by byte.
fn both(stream: &[u8]) -> Read {
    let whole = read(stream, stream.len().max(1));
    for size in [1, 2, 3] {
        assert_eq!(read(stream, size), whole, "{}", stream.escape_ascii());
    }
    whole
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn rfc9112_7_1_whole_bodies() {
    let filled = "0".repeat(4095);
    let with_extensions = format!("1;{filled}\r\nx\r\n0\r\n\r\n");
    let cases: [(&str, &str, &str); 15] = [
        ("0\r\n\r\n", "", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello", ""),
        (
            "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\nHTTP/1.1",
            "hello",
            "HTTP/1.1",
        ),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""),
        ("A\r\n0123456789\r\n00\r\n\r\n", "0123456789", ""),
        ("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", "x", ""),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", ""),
        ("7\r\n0\r\n\r\n3\r\r\n0\r\n\r\n", "0\r\n\r\n3\r", ""),
        ("1;a\r\nx\r\n0;b=\"c;\t'\"\r\n\r\n", "x", ""),
        ("1 ;a\r\nx\r\n0\t \t; b = c\r\n\r\n", "x", ""),
        ("1;\r\nx\r\n0;;\r\n\r\n", "x", ""),
        ("1;\u{e4}\r\nx\r\n0\r\n\r\n", "x", ""),
        (&with_extensions, "x", ""),
        ("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\nrest", "x", "rest"),
        (
            "0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\r\n",
            "",
            "",
        ),
    ];
    for (stream, data, rest) in cases {
        let expected = (data.as_bytes().to_vec(), rest.as_bytes().to_vec());
        assert_eq!(both(stream.as_bytes()), Ok(Some(expected)), "{stream:?}");
    }
}

#[test]
fn rfc9112_7_1_any_start_of_a_body_is_not_whole() {
    let stream = b"3;x\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n";
    for length in 0..stream.len() {
        assert_eq!(both(&stream[..length]), Ok(None), "{length}");
    }
}

const fn size(byte: u8) -> ProtocolError {
    ProtocolError::ChunkSize { byte }
}

const fn line(byte: u8) -> ProtocolError {
    ProtocolError::ChunkLineEnd { byte }
}

const fn end(byte: u8) -> ProtocolError {
    ProtocolError::ChunkEnd { byte }
}

const fn extension(byte: u8) -> ProtocolError {
    ProtocolError::ChunkExtension { byte }
}

const fn large(size: u64) -> ProtocolError {
    ProtocolError::ChunkTooLarge { size }
}

const DIGITS: ProtocolError = ProtocolError::ChunkSizeTooLong { limit: 16 };

const FAULTS: [(&[u8], ProtocolError); 44] = [
    (b"\r\n", size(b'\r')),
    (b"\n", size(b'\n')),
    (b"x", size(b'x')),
    (b"g\r\n", size(b'g')),
    (b";a\r\n", size(b';')),
    (b" 1\r\n", size(b' ')),
    (b"\t1\r\n", size(b'\t')),
    (b"-1\r\n", size(b'-')),
    (b"+1\r\n", size(b'+')),
    (b"0x1\r\n", size(b'x')),
    (b"1_0\r\n", size(b'_')),
    (b"1h\r\n", size(b'h')),
    (b"1,1\r\n", size(b',')),
    (b"1.0\r\n", size(b'.')),
    (b"\"1\"\r\n", size(b'"')),
    (b"1\0\r\n", size(0)),
    (b"\xb2\r\n", size(0xb2)),
    // What some write as padding, others take for the end of the size.
    (b"1 \r\n", size(b'\r')),
    (b"1 1\r\n", size(b'1')),
    (b"1\t\n", size(b'\n')),
    (b"1 x;y\r\n", size(b'x')),
    (b"00000000000000001\r\n", DIGITS),
    (b"00000000000000000\r\n", DIGITS),
    (b"fffffffffffffffff\r\n", DIGITS),
    (b"ffffffffffffffff\r\n", large(u64::MAX)),
    (b"8000000000000000\r\n", large(1 << 63)),
    (b"8000000000000000;a\r\n", large(1 << 63)),
    (b"FFFFFFFFFFFFFFFF \r\n", large(u64::MAX)),
    // A line that ends for one reader only.
    (b"1\n", size(b'\n')),
    (b"1\rx", line(b'x')),
    (b"1\r\r\n", line(b'\r')),
    (b"1;a\r;b\r\n", line(b';')),
    (b"1;a\n", extension(b'\n')),
    (b"1;a=\"\n\"\r\n", extension(b'\n')),
    (b"1;a\0b\r\n", extension(0)),
    (b"1;a\x0bb\r\n", extension(0x0b)),
    (b"1;a\x7fb\r\n", extension(0x7f)),
    (b"1;a\x1b[2J\r\n", extension(0x1b)),
    // Data that is longer or shorter than its size.
    (b"1\r\nxy\r\n", end(b'y')),
    (b"1\r\nx\n", end(b'\n')),
    (b"1\r\nx\ry", end(b'y')),
    (b"1\r\nx0\r\n\r\n", end(b'0')),
    (b"2\r\nx\r\n0\r\n\r\n", end(b'\n')),
    (b"1\r\nx;\r\n", end(b';')),
];

#[test]
fn cve_2015_3183_sizes_and_ends_that_are_none() {
    for (stream, error) in FAULTS {
        assert_eq!(both(stream), Err(error), "{}", stream.escape_ascii());
    }
}

#[test]
fn the_largest_chunk_is_a_chunk() {
    let result = both(b"7fffffffffffffff\r\nx");
    assert_eq!(result, Ok(None));
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn extensions_have_an_end() {
    let limit = MAX_EXTENSIONS;
    let error = Err(ProtocolError::ChunkExtensionTooLong { limit });
    for (start, filled) in [("1;", "x"), ("1 ", " "), ("1\t", "\t")] {
        let within = format!("{start}{}", filled.repeat(limit - 1));
        assert_eq!(both(within.as_bytes()), Ok(None));
        let beyond = format!("{within}{filled}");
        assert_eq!(both(beyond.as_bytes()), error);
    }
}

#[test]
fn cve_2013_5704_trailers_are_checked_and_dropped() {
    let part = Part::Trailers;
    let name = |byte| ProtocolError::FieldName {
        part,
        field: 0,
        byte,
    };
    let value = |byte| ProtocolError::FieldValue {
        part,
        field: 1,
        byte,
    };
    let lf = |position| ProtocolError::BareLf { part, position };
    let cases: [(&[u8], ProtocolError); 10] = [
        (b"no colon\r\n\r\n", name(b' ')),
        (b"HTTP/1.1 200 OK\r\n\r\n", name(b'/')),
        (b"A : b\r\n\r\n", name(b' ')),
        (b": b\r\n\r\n", name(b':')),
        (b" A: b\r\n\r\n", ProtocolError::Folded { part, field: 0 }),
        (
            b"A: b\r\n c\r\n\r\n",
            ProtocolError::Folded { part, field: 1 },
        ),
        (b"A: b\r\nC: d\0\r\n\r\n", value(0)),
        (b"A: b\r\nC: d\re\r\n\r\n", value(b'\r')),
        (b"A: b\n\r\n", lf(4)),
        (b"\n", lf(0)),
    ];
    for (trailers, error) in cases {
        let stream = [b"1\r\nx\r\n0\r\n", trailers].concat();
        assert_eq!(both(&stream), Err(error), "{}", trailers.escape_ascii());
    }
    // No end is found behind a CR alone: it waits for the rest, within the limits.
    assert_eq!(both(b"0\r\n\rx"), Ok(None));
}

proptest! {
    #[test]
    fn what_was_chunked_is_read_back(
        data in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6),
        rest in proptest::collection::vec(any::<u8>(), 0..6),
        size in 1..50_usize,
    ) {
        let mut stream = Vec::new();
        for chunk in &data {
            stream.extend_from_slice(format!("{:X};x\r\n", chunk.len()).as_bytes());
            stream.extend_from_slice(chunk);
            stream.extend_from_slice(b"\r\n");
        }
        stream.extend_from_slice(b"0\r\n\r\n");
        stream.extend_from_slice(&rest);
        prop_assert_eq!(read(&stream, size), Ok(Some((data.concat(), rest))));
    }

    /// A size that we take, the parser of others takes too, and for the same.
    #[test]
    fn sizes_are_what_the_parser_reads(
        start in "[0-9a-fA-F]{0,17}", rest in "[ \t;x\r\n\u{7f}]{0,4}",
    ) {
        let line = format!("{start}{rest}\r\n");
        let mut chunks = Chunks::new();
        let ours = chunks.step(line.as_bytes());
        let theirs = httparse::parse_chunk_size(line.as_bytes());
        let size = match (&ours, &chunks.at) {
            (Err(_), _) => return Ok(()),
            (_, At::Data { left }) => *left + chunks.received(),
            (_, At::DataCr) => chunks.received(),
            (_, At::Trailers(_)) => 0,
            (_, at) => {
                let is_line = matches!(at, At::DataLf | At::Size { .. } | At::Extensions { .. });
                prop_assert!(is_line, "{at:?}");
                return Ok(());
            }
        };
        let httparse::Status::Complete((_, read)) = theirs.unwrap() else {
            return Err(TestCaseError::fail("the parser wants more"));
        };
        prop_assert_eq!(size, read);
    }

    #[test]
    fn any_bytes_give_the_same_however_they_arrive(
        stream in proptest::collection::vec(
            proptest::sample::select(b"0013aF;= \t\r\n\r\n\r\nx:\0".to_vec()), 0..40,
        ),
        size in 1..9_usize,
    ) {
        prop_assert_eq!(read(&stream, size), read(&stream, stream.len().max(1)));
    }
}
