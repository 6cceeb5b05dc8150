//! The body, and the wait for it.

use super::*;

/// What clients say of their bodies, alone and against themselves.
const SAID: [&[Field]; 10] = [
    &[HOST],
    &[HOST, (b"Content-Length", b"99")],
    &[HOST, (b"Transfer-Encoding", b"chunked")],
    &[
        HOST,
        (b"Content-Length", b"99"),
        (b"Transfer-Encoding", b"chunked"),
    ],
    &[
        HOST,
        (b"Transfer-Encoding", b"chunked"),
        (b"Content-Length", b"99"),
    ],
    &[HOST, (b"Content-Length", b"5"), (b"Content-Length", b"6")],
    &[
        HOST,
        (b"Transfer-Encoding", b"chunked"),
        (b"Transfer-Encoding", b"identity"),
    ],
    &[
        HOST,
        (b"TRANSFER_ENCODING", b"xchunked"),
        (b"content_length", b"+5"),
    ],
    &[
        HOST,
        (b"Transfer.Encoding", b"chunked"),
        (b"content.length", b"5, 5"),
    ],
    &[
        HOST,
        (b"Connection", b"Content-Length, Transfer-Encoding"),
        (b"Content-Length", b"1"),
    ],
];

/// What is to be said.
const FRAMED: [(&[u8], BodyLength, Option<&str>); 9] = [
    (b"GET", BodyLength::None, None),
    (b"HEAD", BodyLength::None, None),
    (b"DELETE", BodyLength::None, None),
    (b"POST", BodyLength::None, Some("Content-Length: 0")),
    (b"PROPFIND", BodyLength::None, Some("Content-Length: 0")),
    (b"POST", BodyLength::Known(0), Some("Content-Length: 0")),
    (b"GET", BodyLength::Known(5), Some("Content-Length: 5")),
    (
        b"PUT",
        BodyLength::Known(u64::MAX),
        Some("Content-Length: 18446744073709551615"),
    ),
    (
        b"POST",
        BodyLength::Chunked,
        Some("Transfer-Encoding: chunked"),
    ),
];

#[test]
fn the_body_is_framed_as_it_is_and_not_as_the_client_says() {
    for headers in SAID {
        for (method, body, expected) in FRAMED {
            let head = RequestHead {
                method,
                body,
                ..get(headers)
            };
            let lines = lines(&head, &Told::default());
            assert_eq!(lines.get(2).map(String::as_str), expected, "{headers:?}");
            assert!(lines.len() <= 3, "{lines:?}");
        }
    }
}

#[test]
fn a_client_waits_for_100_where_the_worker_is_to_decide() {
    let told = Told {
        expect_continue: true,
        ..Told::default()
    };
    let expects: [Field; 2] = [HOST, (b"expect", b" 100-Continue")];
    let with_body = |headers| RequestHead {
        body: BodyLength::Known(5),
        ..get(headers)
    };
    let line = "Expect: 100-continue".to_owned();
    assert_eq!(lines(&with_body(&expects), &told)[3], line);
    let chunked = RequestHead {
        body: BodyLength::Chunked,
        ..get(&expects)
    };
    assert_eq!(lines(&chunked, &told)[3], line);
    let twice = [expects[0], expects[1], expects[1]];
    assert_eq!(lines(&with_body(&twice), &told)[3..], [line.as_str()]);
    let old = RequestHead {
        protocol: b"HTTP/1.0",
        ..with_body(&expects)
    };
    let cases = [
        lines(&with_body(&expects), &Told::default()),
        lines(&with_body(&[HOST, (b"Expect", b"200-ok")]), &told),
        lines(&with_body(&[HOST, (b"Ex-pect", b"100-continue")]), &told),
        lines(&get(&expects), &told),
        lines(
            &RequestHead {
                body: BodyLength::Known(0),
                ..get(&expects)
            },
            &told,
        ),
        lines(&old, &told),
    ];
    for lines in cases {
        assert!(
            !lines.iter().any(|line| line.starts_with("Expect")),
            "{lines:?}"
        );
    }
}
