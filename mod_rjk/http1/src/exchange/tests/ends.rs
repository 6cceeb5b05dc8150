//! Where responses end, and which connections go back.

use super::*;

/// Responses without their version, and what comes of them.
const ENDS: [(&str, Expected, &[&str]); 19] = [
    (
        "200 OK\r\nContent-Length: 5\r\n\r\nhello",
        GET,
        &["head 200", "body hello", "finish true", "rest "],
    ),
    (
        "200 OK\r\nContent-Length: 0\r\n\r\n",
        GET,
        &["head 200", "finish true", "rest "],
    ),
    (
        "200\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x\r\nlo\r\n0\r\nA: b\r\n\r\n",
        GET,
        &["head 200", "body hello", "finish true", "rest "],
    ),
    (
        "200 OK\r\n\r\nhello",
        GET,
        &["head 200", "body hello", "eof", "finish false"],
    ),
    ("200 OK\r\n\r\n", GET, &["head 200", "eof", "finish false"]),
    // What comes behind the end is nobody's answer: it stays for the caller to see.
    (
        "200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
        GET,
        &[
            "head 200",
            "body hello",
            "finish true",
            "rest HTTP/1.1 200 OK\\r\\n\\r\\n",
        ],
    ),
    (
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n",
        GET,
        &["head 200", "finish true", "rest \\r\\n"],
    ),
    (
        "204 No Content\r\n\r\nmore",
        GET,
        &["head 204", "finish true", "rest more"],
    ),
    (
        "204 No Content\r\nContent-Length: 4\r\n\r\nmore",
        GET,
        &["head 204", "finish false", "rest more"],
    ),
    (
        "204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        GET,
        &["head 204", "finish false", "rest 0\\r\\n\\r\\n"],
    ),
    (
        "304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        GET,
        &["head 304", "finish true", "rest "],
    ),
    (
        "205 Reset Content\r\nContent-Length: 0\r\n\r\n",
        GET,
        &["head 205", "finish true", "rest "],
    ),
    (
        "200 OK\r\n\r\n",
        HEAD,
        &["head 200", "finish true", "rest "],
    ),
    (
        "200 OK\r\nContent-Length: 5\r\n\r\nhello",
        HEAD,
        &["head 200", "finish true", "rest hello"],
    ),
    (
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD,
        &["head 200", "finish true", "rest 0\\r\\n\\r\\n"],
    ),
    (
        "200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        HEAD,
        &["head 200", "finish false", "rest "],
    ),
    (
        "200 OK\r\nContent-Length: 5\r\n\r\nhell",
        GET,
        &["head 200", "body hell", "eof", "EndInBody"],
    ),
    (
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
        GET,
        &["head 200", "body hell", "eof", "EndInChunks"],
    ),
    (
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n0\r\n",
        GET,
        &["head 200", "body hell", "eof", "EndInChunks"],
    ),
];

#[test]
fn rfc9112_6_3_where_a_response_ends() {
    for (stream, expected, words) in ENDS {
        let stream = format!("HTTP/1.1 {stream}");
        assert_eq!(drive(expected, &[stream.as_bytes()]), words, "{stream}");
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        let dripped = drive(expected, &bytes);
        // The caller stops to read at the end: what comes later is not in its buffer.
        let (words, dripped) = (words.iter(), dripped.iter().map(String::as_str));
        assert!(
            words.zip(dripped).all(|(a, b)| *a == b || b == "rest "),
            "{stream}"
        );
    }
}

#[test]
fn rfc9112_9_3_which_connection_goes_back() {
    let cases: [(&str, bool); 12] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", true),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x, Close",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0", false),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive",
            true,
        ),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=9",
            false,
        ),
        ("HTTP/1.0 204 No Content\r\nConnection: keep-alive", true),
        ("HTTP/1.0 204 No Content", false),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0", true),
        (
            "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close",
            false,
        ),
    ];
    for (head, reuse) in cases {
        let chunks = match head.contains("chunked") {
            true => "0\r\n\r\n",
            false => "",
        };
        let words = drive(GET, &[format!("{head}\r\n\r\n{chunks}").as_bytes()]);
        assert_eq!(words[1], format!("finish {reuse}"), "{head}");
    }
}

#[test]
fn rfc9112_8_an_end_in_between_says_how_much_came() {
    let coded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    let cases = [
        (String::new(), ProtocolError::EndBeforeHead),
        (
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
            ProtocolError::EndBeforeHead,
        ),
        (
            "HTTP/1.1 200 OK\r\n".to_owned(),
            ProtocolError::EndInHead { have: 17 },
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP".to_owned(),
            ProtocolError::EndInHead { have: 4 },
        ),
        (
            format!("{sized}{}", "x".repeat(99)),
            ProtocolError::EndInBody {
                have: 99,
                length: 100,
            },
        ),
        (coded.to_owned(), ProtocolError::EndInChunks { have: 0 }),
        (
            format!("{coded}2\r\nxx\r\n3\r\nyyy\r\n0\r\nA"),
            ProtocolError::EndInChunks { have: 5 },
        ),
    ];
    for (stream, error) in cases {
        let mut exchange = Exchange::new(GET);
        let mut pending = stream.as_bytes();
        while let Step::Complete { consumed, .. } = exchange.step(pending).unwrap() {
            pending = &pending[consumed..];
        }
        assert_eq!(exchange.at_end(pending.len()), Err(error), "{stream}");
        assert!(error.is_early_end());
        assert!(!exchange.finished() && exchange.push().is_none());
        assert_eq!(exchange.at_end(0), Err(ProtocolError::AfterEnd));
        assert_eq!(exchange.step(b"x"), Err(ProtocolError::AfterEnd));
    }
}

#[test]
fn an_end_behind_a_whole_response_is_its_end() {
    for stream in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    ] {
        let mut exchange = after(GET, stream.as_bytes());
        assert!(!exchange.finished());
        let finish = Action::Finish { reuse: false };
        assert_eq!(exchange.at_end(0), Ok(finish), "{stream}");
        assert!(exchange.finished());
    }
}

#[test]
fn nothing_follows_the_end() {
    let mut exchange = after(
        GET,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    );
    assert!(exchange.finished() && exchange.head_received());
    assert_eq!(
        exchange.step(b"HTTP/1.1 200 OK\r\n\r\n"),
        Err(ProtocolError::AfterEnd)
    );
    assert_eq!(exchange.at_end(0), Err(ProtocolError::AfterEnd));
    assert!(exchange.finished());
}

#[test]
fn how_long_the_connection_is_kept() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    let kept = |field| after(GET, format!("{head}{field}\r\n").as_bytes()).kept_for();
    assert_eq!(
        kept("Keep-Alive: timeout=20\r\n"),
        Some(Duration::from_secs(19))
    );
    assert_eq!(kept(""), None);
    // Of an interim response it means nothing.
    let interim = b"HTTP/1.1 103 x\r\nKeep-Alive: timeout=20\r\n\r\n";
    assert_eq!(after(GET, interim).kept_for(), None);
}
