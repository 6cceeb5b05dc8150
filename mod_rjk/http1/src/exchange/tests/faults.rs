//! Faults that were published for proxies and their workers, as a worker would cause them here.

use super::*;

/// What comes out is an error before anything of the response went on, or the words given.
fn check(fault: &str, stream: &[u8], words: &[&str]) {
    assert_eq!(
        drive(GET, &[stream]),
        words,
        "{fault}: {}",
        stream.escape_ascii()
    );
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(
        drive(GET, &bytes),
        words,
        "{fault} dripped: {}",
        stream.escape_ascii()
    );
}

#[test]
fn peers_that_do_not_speak_http() {
    let cases: [(&str, &[u8], &str); 9] = [
        ("TLS alert", b"\x15\x03\x01\0\x02\x02\x46", "NotHttp"),
        ("TLS hello", b"\x16\x03\x03", "NotHttp"),
        ("AJP", b"AB\0\x01\x09", "NotHttp"),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", "NotHttp"),
        ("HTTP/2", b"\0\0\x12\x04\0\0\0\0\0", "NotHttp"),
        ("HTTP/0.9", b"<html></html>", "NotHttp"),
        ("lower case", b"http/1.1 200 OK\r\n\r\n", "NotHttp"),
        (
            "empty line first",
            b"\r\nHTTP/1.1 200 OK\r\n\r\n",
            "NotHttp",
        ),
        ("blank first", b" HTTP/1.1 200 OK\r\n\r\n", "NotHttp"),
    ];
    for (peer, stream, error) in cases {
        check(peer, stream, &[error, "rest "]);
    }
}

/// Fields behind a status line of HTTP/1.1, or a whole head, without the empty line.
const HEADS: [(&str, &str, &str); 30] = [
    // Splitting through a field: 2023-38709, 2024-42516.
    ("2023-38709", "Content-Type: a\rX: y\r\n", "FieldValue"),
    ("2024-42516", "Content-Type: a\nX: y\r\n", "BareLf"),
    ("2024-42516", "Location: /\0\r\n", "FieldValue"),
    // Splitting through the status line.
    ("2026-33523", "HTTP/1.1 200 OK\rX: y\r\n", "Reason"),
    ("2026-33523", "HTTP/1.1 200 OK\nX: y\r\n", "BareLf"),
    ("2026-33523", "HTTP/1.1 200 \x0bOK\r\n", "Reason"),
    // A head cut short, so that the rest of it would be body.
    ("2022-37436", "A: b\r\n\nSet-Cookie: c\r\n", "BareLf"),
    (
        "2022-37436",
        "A: b\r\nbroken\r\nSet-Cookie: c\r\n",
        "FieldName",
    ),
    ("2023-27522", "A: b\r\n : \r\nSet-Cookie: c\r\n", "Folded"),
    ("2023-27522", "A\x01: b\r\n", "FieldName"),
    // Two ends for two readers: 2024-24795, 2026-63718.
    (
        "2024-24795",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "CodingAndLength",
    ),
    (
        "2024-24795",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "CodingAndLength",
    ),
    (
        "2024-24795",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "LengthRepeated",
    ),
    (
        "2024-24795",
        "Content-Length: 3\r\ncontent-length: 3\r\n",
        "LengthRepeated",
    ),
    ("CL list", "Content-Length: 3, 3\r\n", "LengthNoNumber"),
    ("CL sign", "Content-Length: +3\r\n", "LengthNoNumber"),
    ("CL tab", "Content-Length: 3\t3\r\n", "LengthNoNumber"),
    ("CL folded", "Content-Length:\r\n 3\r\n", "Folded"),
    ("CL blank", "Content-Length : 3\r\n", "FieldName"),
    ("TE blank", "Transfer-Encoding : chunked\r\n", "FieldName"),
    ("TE folded", "Transfer-Encoding:\r\n chunked\r\n", "Folded"),
    ("TE tab", "Transfer-Encoding: \x0bchunked\r\n", "FieldValue"),
    (
        "TE twice",
        "Transfer-Encoding: chunked, chunked\r\n",
        "CodingRepeated",
    ),
    (
        "TE.TE",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        "CodingRepeated",
    ),
    (
        "TE unknown",
        "Transfer-Encoding: xchunked\r\n",
        "CodingUnknown",
    ),
    ("TE gzip", "Transfer-Encoding: gzip\r\n", "CodingUnknown"),
    (
        "TE last",
        "Transfer-Encoding: chunked, identity\r\n",
        "CodingRepeated",
    ),
    (
        "TE in 1.0",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
        "CodingInOld",
    ),
    // Versions that we do not speak.
    ("HTTP/2", "HTTP/2.0 200 OK\r\n", "Version"),
    ("HTTP/1.9", "HTTP/1.9 200 OK\r\n", "Version"),
];

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn heads_that_are_refused() {
    for (fault, fields, error) in HEADS {
        let line = match fields.starts_with("HTTP/") {
            true => "",
            false => "HTTP/1.1 200 OK\r\n",
        };
        let stream = format!("{line}{fields}\r\n");
        check(fault, stream.as_bytes(), &[error, "rest "]);
    }
}

const BODIES: [(&str, &str, &str); 11] = [
    // A body that ends for one reader only: 2015-3183, and what came after it.
    ("2015-3183", "x\r\n", "ChunkSize"),
    ("2015-3183", " 3\r\nabc\r\n0\r\n\r\n", "ChunkSize"),
    ("2015-3183", "3 \r\nabc\r\n0\r\n\r\n", "ChunkSize"),
    ("2015-3183", "0x3\r\nabc\r\n0\r\n\r\n", "ChunkSize"),
    (
        "overflow",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "ChunkSizeTooLong",
    ),
    (
        "overflow",
        "ffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "ChunkTooLarge",
    ),
    ("extension", "3;a\nb\r\nabc\r\n0\r\n\r\n", "ChunkExtension"),
    ("extension", "3;a\rb\r\nabc\r\n0\r\n\r\n", "ChunkLineEnd"),
    ("bare LF", "3\nabc\n0\n\n", "ChunkSize"),
    ("2013-5704", "0\r\nA b\r\n\r\n", "FieldName"),
    ("2013-5704", "0\r\nA: b\n\r\n", "BareLf"),
];

#[test]
fn bodies_that_are_refused() {
    let coded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for (fault, body, error) in BODIES {
        let stream = coded.clone() + body;
        check(fault, stream.as_bytes(), &["head 200", error, "rest "]);
    }
    let words = ["head 200", "body abc", "ChunkEnd", "rest "];
    check("2015-3183", (coded + "3\r\nabcd\r\n").as_bytes(), &words);
}

#[test]
fn cve_2013_5704_trailers_do_not_reach_the_head() {
    let stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n1\r\nx\r\n0\r\nSet-Cookie: evil\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
    check(
        "2013-5704",
        stream,
        &["head 200", "body x", "finish true", "rest "],
    );
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn heads_without_end() {
    let line = |length: usize| format!("A: {}\r\n", "x".repeat(length - 5));
    let status = "HTTP/1.1 200 OK\r\n";
    let cases = [
        (format!("{status}{}\r\n", line(8192)), "head 200"),
        (format!("{status}{}\r\n", line(8193)), "LineTooLong"),
        (
            format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(8177)),
            "head 200",
        ),
        (
            format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(8178)),
            "LineTooLong",
        ),
        (format!("{status}{}\r\n", line(8000).repeat(8)), "head 200"),
        (format!("{status}{}\r\n", line(8000).repeat(9)), "TooLarge"),
        (
            format!("{status}{}\r\n", "A: b\r\n".repeat(200)),
            "head 200",
        ),
        (
            format!("{status}{}\r\n", "A: b\r\n".repeat(201)),
            "TooManyFields",
        ),
    ];
    for (stream, word) in cases {
        assert_eq!(drive(HEAD, &[stream.as_bytes()])[0], word);
        let pieces: Vec<&[u8]> = stream.as_bytes().chunks(7).collect();
        assert_eq!(drive(HEAD, &pieces)[0], word);
    }
}

/// Each error says what is wrong in one line, with its numbers.
#[test]
fn errors_are_fit_for_the_log() {
    let cases: [(&[u8], &str); 8] = [
        (
            b"\x15\x03",
            "byte 0 of the response is 0x15, which no HTTP/1.1 response has there; does the port speak HTTP without TLS?",
        ),
        (
            b"HTTP/\x1b.1 200 OK\r\n\r\n",
            "the response is of HTTP version \\x1b.1, not of 1.1 or 1.0",
        ),
        (
            b"HTTP/1.1 2OO OK\r\n\r\n",
            "byte 10 of the status line is 0x4f",
        ),
        (
            b"HTTP/1.1 200 OK\n\r\n",
            "byte 15 of the head is a LF without CR",
        ),
        (
            b"HTTP/1.1 200 OK\r\nA: b\r\nC : d\r\n\r\n",
            "the name of field 1 of the head contains byte 0x20",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "the response has 2 Content-Length fields",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy",
            "the data of a chunk is followed by byte 0x79",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n",
            "byte 0 of the trailer section is a LF without CR",
        ),
    ];
    for (stream, message) in cases {
        let mut exchange = Exchange::new(GET);
        let mut pending = stream;
        let error = loop {
            match exchange.step(pending) {
                Ok(Step::Complete { consumed, .. }) => pending = &pending[consumed..],
                Ok(step) => panic!("{step:?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.is_early_end()), (502, false));
    }
}
