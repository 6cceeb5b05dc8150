//! The client's headers.

use super::*;

#[test]
fn headers_that_could_be_read_in_two_ways_are_refused() {
    let cases: [(Field, &str); 16] = [
        ((b"", b""), "the header name '' is not a token"),
        ((b"X ", b""), "the header name 'X ' is not a token"),
        ((b" X", b""), "the header name ' X' is not a token"),
        ((b"X:Y", b""), "the header name 'X:Y' is not a token"),
        ((b"X\r\nY", b""), r"the header name 'X\r\nY' is not a token"),
        ((b"X\0", b""), r"the header name 'X\x00' is not a token"),
        ((b"X\xe9", b""), r"the header name 'X\xe9' is not a token"),
        (
            (b"Transfer-Encoding ", b"chunked"),
            "the header name 'Transfer-Encoding ' is not a token",
        ),
        (
            (b"Content-Length\t", b"1"),
            r"the header name 'Content-Length\t' is not a token",
        ),
        (
            (b"X", b"a\r\n b"),
            "the value of header 'X' contains byte 0x0d",
        ),
        (
            (b"X", b"a\nb"),
            "the value of header 'X' contains byte 0x0a",
        ),
        ((b"X", b"\r"), "the value of header 'X' contains byte 0x0d"),
        ((b"X", b"\0"), "the value of header 'X' contains byte 0x00"),
        (
            (b"X", b"\x7f"),
            "the value of header 'X' contains byte 0x7f",
        ),
        // Even in one that would not be passed on.
        (
            (b"X-Forwarded-For", b"a\nb"),
            "the value of header 'X-Forwarded-For' contains byte 0x0a",
        ),
        (
            (b"Connection", b"\x01"),
            "the value of header 'Connection' contains byte 0x01",
        ),
    ];
    for (field, expected) in cases {
        assert_eq!(error(&get(&[HOST, field])), expected);
    }
}

#[test]
fn other_headers_are_passed_on_as_they_came() {
    let cases: [Field; 7] = [
        (b"User-Agent", b"x"),
        (b"accept", b"a"),
        (b"Accept", b"b"),
        (b"Cookie", b"a=\xe9; b"),
        (b"!#$%&'*+-.^_`|~", b"\ta b\t"),
        (b"Empty", b""),
        (b"Sec-WebSocket-Key", b"k"),
    ];
    let head = [&[HOST], &cases[..]].concat();
    let mut out = Vec::new();
    encode(&get(&head), &Told::default(), &mut out).unwrap();
    let fields = cases
        .map(|(name, value)| [name, b": ", value, b"\r\n"].concat())
        .concat();
    let start = b"GET /app/x HTTP/1.1\r\nHost: www.example\r\n";
    assert_eq!(
        out,
        [
            start,
            &fields[..],
            b"Connection: keep-alive\r\nX-Rjk-Activation: ACT\r\n\r\n"
        ]
        .concat()
    );
}

#[test]
fn connection_removes_what_it_names_and_no_more() {
    let named = |options: &'static [u8]| {
        let sent: [Field; 6] = [
            (b"A", b"1"),
            (b"b", b"2"),
            (b"A", b"3"),
            (b"X-AB", b"4"),
            (b"connection", options),
            (b"Cookie", b"5"),
        ];
        passed(&sent, &Told::default()).join("|")
    };
    let cases: [(&[u8], &str); 8] = [
        (b"close", "A: 1|b: 2|A: 3|X-AB: 4|Cookie: 5"),
        (b"", "A: 1|b: 2|A: 3|X-AB: 4|Cookie: 5"),
        (b"a", "b: 2|X-AB: 4|Cookie: 5"),
        (b"keep-alive ,\tB,,A", "X-AB: 4|Cookie: 5"),
        (b"a b", "A: 1|b: 2|A: 3|X-AB: 4|Cookie: 5"),
        (b"x-ab", "A: 1|b: 2|A: 3|Cookie: 5"),
        // Another name, though it counts as the same where a fact is removed.
        (b"X_AB", "A: 1|b: 2|A: 3|X-AB: 4|Cookie: 5"),
        (
            b"Cookie, Host, Connection, x-ab",
            "A: 1|b: 2|A: 3|Cookie: 5",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(named(options), expected, "{}", options.escape_ascii());
    }
    let twice: [Field; 4] = [
        (b"Connection", b"a"),
        (b"A", b""),
        (b"CONNECTION", b"b"),
        (b"B", b""),
    ];
    assert_eq!(passed(&twice, &Told::default()), [""; 0]);
}

#[test]
fn connection_cannot_remove_what_gives_a_request_its_meaning() {
    let kept = [
        "Accept",
        "Accept-Encoding",
        "Authorization",
        "Cache-Control",
        "Content-Encoding",
        "Content-Type",
        "Cookie",
        "If-Match",
        "If-None-Match",
        "Origin",
        "Range",
        "Referer",
        "Sec-Fetch-Site",
        "User-Agent",
    ];
    for name in kept {
        for option in [
            name.to_owned(),
            name.to_uppercase(),
            format!("close,{name} "),
        ] {
            let headers: [(&[u8], &[u8]); 3] = [
                (b"Host", b"h"),
                (b"Connection", option.as_bytes()),
                (name.as_bytes(), b"v"),
            ];
            let mut out = Vec::new();
            encode(
                &RequestHead {
                    headers: &headers,
                    ..get(&[])
                },
                &Told::default(),
                &mut out,
            )
            .unwrap();
            let expected = format!(
                "GET /app/x HTTP/1.1\r\nHost: h\r\n{name}: v\r\nConnection: keep-alive\r\nX-Rjk-Activation: ACT\r\n\r\n"
            );
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}

/// CVE-2022-31813: a client names what is told of it.
#[test]
fn connection_cannot_remove_a_fact() {
    let options = b"X-Forwarded-For, X-Forwarded-Proto, Forwarded, X-Rjk-Remote-User, X-Secret, ssl_cipher, Host";
    let headers = [HOST, (b"Connection".as_slice(), options.as_slice())];
    let mut head = get(&headers);
    head.attributes.remote_user = Some(b"kim");
    head.attributes.secret = Some(b"s3");
    head.attributes.ssl_cipher = Some(b"AES");
    let told = Told {
        x_forwarded: true,
        secret_header: Some(b"X-Secret"),
        ..Told::default()
    };
    let expected = [
        "Host: www.example",
        "X-Forwarded-For: 192.0.2.7",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: www.example",
        "X-Forwarded-Port: 80",
        "ssl_cipher: AES",
        "X-Rjk-Remote-User: kim",
        "X-Secret: s3",
    ];
    assert_eq!(lines(&head, &told)[1..], expected);
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn many_options_and_many_headers_take_no_time() {
    let options = vec!["x-a"; 200_000].join(",");
    let names: Vec<String> = (0..1000).map(|count| format!("X-A{count}")).collect();
    let mut headers: Vec<(&[u8], &[u8])> = names
        .iter()
        .map(|name| (name.as_bytes(), b"".as_slice()))
        .collect();
    headers.push((b"Connection", options.as_bytes()));
    let start = std::time::Instant::now();
    let mut out = Vec::new();
    encode(
        &RequestHead {
            headers: &headers,
            ..get(&[])
        },
        &Told::default(),
        &mut out,
    )
    .unwrap();
    assert!(
        start.elapsed().as_secs() < 5,
        "each header looks through all options"
    );
}
