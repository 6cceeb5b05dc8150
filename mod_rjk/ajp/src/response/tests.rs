use super::*;
use crate::wire;
use proptest::prelude::*;

fn framed(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [b"AB", len.as_slice(), payload].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [len.as_slice(), bytes, b"\0"].concat()
}

/// SEND_HEADERS with headers whose names are strings.
fn head_packet(status: u16, reason: &[u8], headers: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut payload = vec![SEND_HEADERS];
    payload.extend_from_slice(&status.to_be_bytes());
    payload.extend(string(reason));
    payload.extend_from_slice(&u16::try_from(headers.len()).unwrap().to_be_bytes());
    for (name, value) in headers {
        payload.extend(string(name));
        payload.extend(string(value));
    }
    framed(&payload)
}

fn parse(buf: &[u8]) -> Result<Packet<'_>, ProtocolError> {
    match next_frame(buf, PacketSize::DEFAULT)? {
        Frame::Complete { packet, consumed } => {
            assert_eq!(consumed, buf.len());
            Ok(packet)
        }
        Frame::Incomplete { needed } => panic!("{needed} bytes needed, {} given", buf.len()),
    }
}

fn parse_head(buf: &[u8]) -> Result<ResponseHead, ProtocolError> {
    match parse(buf)? {
        Packet::Headers(head) => Ok(head),
        other => panic!("{other:?}"),
    }
}

fn pairs<'a>(headers: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<(String, String)> {
    headers
        .map(|(n, v)| (n.escape_ascii().to_string(), v.escape_ascii().to_string()))
        .collect()
}

#[test]
fn k08_to_k11_packets_without_headers() {
    let cases: [(&[u8], Packet<'_>); 12] = [
        (b"AB\x00\x06\x03\x00\x02hi\0", Packet::BodyChunk(b"hi")),
        (b"AB\x00\x05\x03\x00\x02hi", Packet::BodyChunk(b"hi")),
        (b"AB\x00\x08\x03\x00\x02hi\0zz", Packet::BodyChunk(b"hi")),
        (b"AB\x00\x04\x03\x00\x00\0", Packet::BodyChunk(b"")),
        (b"AB\x00\x03\x03\x00\x00", Packet::BodyChunk(b"")),
        (b"AB\x00\x02\x05\x01", Packet::End { reuse: true }),
        (b"AB\x00\x02\x05\x02", Packet::End { reuse: true }),
        (b"AB\x00\x02\x05\xFE", Packet::End { reuse: true }),
        (b"AB\x00\x02\x05\x00", Packet::End { reuse: false }),
        (b"AB\x00\x02\x05\xFF", Packet::End { reuse: false }),
        (b"AB\x00\x03\x06\x1F\xFA", Packet::GetBody(8186)),
        (b"AB\x00\x01\x09", Packet::Cpong),
    ];
    for (bytes, packet) in cases {
        assert_eq!(parse(bytes), Ok(packet), "{}", bytes.escape_ascii());
    }
}

#[test]
fn k09_head_byte_for_byte() {
    let bytes = [
        b"AB\x00\x35\x04\x00\xc8".as_slice(),
        b"\x00\x03200\0",
        b"\x00\x03",
        b"\xa0\x01\x00\x09text/html\0",
        b"\x00\x05X-One\0\x00\x01a\0",
        b"\xa0\x07\x00\x0bid=1; a=\xe4\t \0",
    ]
    .concat();
    let head = parse_head(&bytes).unwrap();
    assert_eq!((head.status(), head.reason()), (200, b"200".as_slice()));
    let expected = [
        ("Content-Type", "text/html"),
        ("X-One", "a"),
        ("Set-Cookie", "id=1; a=\\xe4\\t "),
    ];
    assert_eq!(
        pairs(head.headers()),
        expected.map(|(n, v)| (n.to_owned(), v.to_owned()))
    );
    assert_eq!(head.header(b"x-oNE"), Some(b"a".as_slice()));
    assert_eq!(head.header(b"CONTENT-type"), Some(b"text/html".as_slice()));
    assert_eq!(head.header(b"X-Two"), None);
}

#[test]
fn rs01_reason_may_be_empty_or_null() {
    assert_eq!(
        parse_head(&head_packet(204, b"", &[])).unwrap().reason(),
        b""
    );
    let null = framed(b"\x04\x00\xcc\xff\xff\x00\x00");
    assert_eq!(parse_head(&null).unwrap().reason(), b"");
}

#[test]
fn hc01_to_hc11_coded_response_headers() {
    for code in 1..=0x0B {
        let bytes = framed(&[4, 0, 200, 0, 0, 0, 0, 1, 0xA0, code, 0, 1, b'v', 0]);
        let head = parse_head(&bytes).unwrap();
        let name = wire::response_header_name(code).unwrap();
        assert_eq!(
            head.header(name.as_str().as_bytes()),
            Some(b"v".as_slice()),
            "{code}"
        );
    }
}

#[test]
fn f08_framing_errors() {
    let max = PacketSize::DEFAULT;
    let cases: [(&[u8], ProtocolError); 5] = [
        (b"HTTP/1.1 400", ProtocolError::BadMagic { found: *b"HT" }),
        (
            b"\x12\x34\x00\x01\x09",
            ProtocolError::BadMagic {
                found: [0x12, 0x34],
            },
        ),
        (b"AA\x00\x01", ProtocolError::BadMagic { found: *b"AA" }),
        (
            b"AB\x20\x01",
            ProtocolError::Oversized {
                len: 8193,
                limit: 8192,
            },
        ),
        (
            b"AB\xFF\xFF",
            ProtocolError::Oversized {
                len: 65535,
                limit: 8192,
            },
        ),
    ];
    for (bytes, error) in cases {
        assert_eq!(
            next_frame(bytes, max),
            Err(error),
            "{}",
            bytes.escape_ascii()
        );
        assert!(error.is_framing() && error.status() == 502, "{error}");
    }
    let truncated = ProtocolError::TruncatedPacket { have: 3, needed: 4 };
    assert!(truncated.is_framing() && truncated.status() == 502);
}

#[test]
fn k02_cp11_length_limit_leaves_out_the_frame_header() {
    for max in [PacketSize::DEFAULT, PacketSize::clamped(20_000)] {
        for extra in 0..=4 {
            let len = u16::try_from(max.bytes() + extra).unwrap();
            let [high, low] = len.to_be_bytes();
            let bytes = [b'A', b'B', high, low];
            let found = next_frame(&bytes, max);
            let expected = match extra {
                0 => Ok(Frame::Incomplete {
                    needed: max.bytes() + 4,
                }),
                _ => Err(ProtocolError::Oversized {
                    len: len.into(),
                    limit: max.bytes(),
                }),
            };
            assert_eq!(found, expected);
        }
    }
    let largest = next_frame(b"AB\xFF\xFF", PacketSize::MAX);
    assert_eq!(largest, Ok(Frame::Incomplete { needed: 65539 }));
}

/// Payloads whose contents are malformed (F-09).
const MALFORMED: [(&[u8], ProtocolError); 25] = [
    (
        b"\x04\x00\xc8\x00\x00\0\x00\x01\xa0\x01\x00\x00",
        ProtocolError::HeaderCount {
            count: 1,
            available: 4,
        },
    ),
    (b"", ProtocolError::EmptyPacket),
    (b"\x00", ProtocolError::UnknownPacket { code: 0 }),
    (b"\x02", ProtocolError::UnknownPacket { code: 2 }),
    (b"\x07", ProtocolError::UnknownPacket { code: 7 }),
    (b"\x08", ProtocolError::UnknownPacket { code: 8 }),
    (b"\x0a", ProtocolError::UnknownPacket { code: 10 }),
    (
        b"\x03\x00",
        ProtocolError::TruncatedField {
            needed: 2,
            available: 1,
        },
    ),
    // CV-01, CP-14: a chunk longer than its packet.
    (
        b"\x03\x00\x03ab",
        ProtocolError::ChunkOverrun {
            len: 3,
            available: 2,
        },
    ),
    (
        b"\x03\xff\xffab",
        ProtocolError::ChunkOverrun {
            len: 65535,
            available: 2,
        },
    ),
    (
        b"\x05",
        ProtocolError::TruncatedField {
            needed: 1,
            available: 0,
        },
    ),
    (
        b"\x06\x01",
        ProtocolError::TruncatedField {
            needed: 2,
            available: 1,
        },
    ),
    (
        b"\x04\x00\x00\x00\x00\0\x00\x00",
        ProtocolError::BadStatus { status: 0 },
    ),
    (
        b"\x04\x00\x63\x00\x00\0\x00\x00",
        ProtocolError::BadStatus { status: 99 },
    ),
    (
        b"\x04\x03\xe8\x00\x00\0\x00\x00",
        ProtocolError::BadStatus { status: 1000 },
    ),
    (
        b"\x04\x00\x64\x00\x00\0\x00\x00",
        ProtocolError::InterimStatus { status: 100 },
    ), // RS-06
    (
        b"\x04\x00\xc7\x00\x00\0\x00\x00",
        ProtocolError::InterimStatus { status: 199 },
    ),
    // CP-13: the string ends exactly at the packet, then one beyond it.
    (
        b"\x04\x00\xc8\x00\x02OK",
        ProtocolError::TruncatedField {
            needed: 3,
            available: 2,
        },
    ),
    (
        b"\x04\x00\xc8\x00\x03OK",
        ProtocolError::TruncatedField {
            needed: 4,
            available: 2,
        },
    ),
    (
        b"\x04\x00\xc8\x00\x02OKx\x00\x00",
        ProtocolError::UnterminatedString { len: 2 },
    ),
    (
        b"\x04\x00\xc8\x00\x00\0\x00",
        ProtocolError::TruncatedField {
            needed: 2,
            available: 1,
        },
    ),
    (
        b"\x04\x00\xc8\x00\x00\0\x00\x01",
        ProtocolError::HeaderCount {
            count: 1,
            available: 0,
        },
    ),
    // CP-17: 5000 headers announced, one sent.
    (
        b"\x04\x00\xc8\x00\x00\0\x13\x88\x00\x01a\0\x00\x00\0",
        ProtocolError::HeaderCount {
            count: 5000,
            available: 7,
        },
    ),
    (
        b"\x04\x00\xc8\x00\x00\0\x00\x02\x00\x01a\0\x00\x03abc\0",
        ProtocolError::TruncatedField {
            needed: 2,
            available: 0,
        },
    ),
    (
        b"\x04\x00\xc8\x00\x00\0\x00\x01\x00\x01a\0\xff\xff",
        ProtocolError::NullHeaderValue { index: 0 },
    ),
];

#[test]
fn f09_malformed_contents() {
    for (payload, error) in MALFORMED {
        assert_eq!(
            parse(&framed(payload)),
            Err(error),
            "{}",
            payload.escape_ascii()
        );
        assert!(!error.is_framing() && error.status() == 500, "{error}");
    }
}

#[test]
fn hc12_hc13_bg02_header_codes_that_do_not_exist() {
    for low in [0x00, 0x0C, 0x0E, 0xFF] {
        let bytes = framed(&[4, 0, 200, 0, 0, 0, 0, 1, 0xA0, low, 0, 1, b'v', 0]);
        let error = ProtocolError::UnknownHeaderCode {
            code: 0xA000 | u16::from(low),
        };
        assert_eq!(parse(&bytes), Err(error));
        assert_eq!(error.status(), 500);
    }
}

#[test]
fn cp09_header_names_and_values_that_split_responses() {
    let good: (&[u8], &[u8]) = (b"A", b"b");
    for name in [
        b"".as_slice(),
        b"a b",
        b"a:",
        b"a\r\nb",
        b"a\0b",
        b"\xe4",
        b"a\t",
        b"(a)",
    ] {
        let bytes = head_packet(200, b"OK", &[good, (name, b"v")]);
        let error = ProtocolError::HeaderName { index: 1 };
        assert_eq!(parse(&bytes), Err(error), "{}", name.escape_ascii());
        assert_eq!(error.status(), 500);
    }
    for byte in [0, b'\r', b'\n'] {
        let bytes = head_packet(200, b"OK", &[good, (b"X", &[b'a', byte, b'b'])]);
        let error = ProtocolError::HeaderValue { index: 1, byte };
        assert_eq!(parse(&bytes), Err(error));
        assert_eq!(error.status(), 500);
    }
    let null_name = framed(b"\x04\x00\xc8\x00\x00\0\x00\x01\xff\xff\x00\x01v\0");
    assert_eq!(
        parse(&null_name),
        Err(ProtocolError::HeaderName { index: 0 })
    );
    assert!(
        parse(&head_packet(
            200,
            b"OK",
            &[(b"!#$%&'*+-.^_`|~09azAZ", b"\x80")]
        ))
        .is_ok()
    );
}

#[test]
fn cp15_reason_with_controls() {
    for byte in [0, b'\r', b'\n', 0x1B, 0x7F] {
        let error = ProtocolError::ReasonPhrase { byte };
        assert_eq!(
            parse(&head_packet(200, &[b'O', byte, b'K'], &[])),
            Err(error)
        );
        assert_eq!(error.status(), 500);
    }
    assert!(parse(&head_packet(200, b"O\tK \xe4", &[])).is_ok());
}

#[test]
fn cp16_rs05_bg08_end_to_end_headers() {
    let headers: [(&[u8], &[u8]); 14] = [
        (
            b"connection",
            b"close, X-Foo,, content-LENGTH, Set-Cookie,Location , Content-Type",
        ),
        (b"Connection", b" x-bar\t,"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Proxy-Connection", b"close"),
        (b"TE", b"trailers"),
        (b"Trailer", b"X"),
        (b"Transfer-ENCODING", b"chunked"),
        (b"Upgrade", b"websocket"),
        (b"x-foo", b"1"),
        (b"X-BAR", b"2"),
        (b"Content-Length", b"3"),
        (b"Set-Cookie", b"4"),
        (b"Location", b"5"),
        (b"X-Keep", b"6"),
    ];
    let bytes = head_packet(200, b"", &headers);
    let head = parse_head(&bytes).unwrap();
    assert_eq!(head.headers().count(), 14);
    assert_eq!(
        pairs(head.end_to_end_headers()),
        pairs(headers[10..].iter().copied())
    );
}

#[test]
fn rs05_a_response_without_connection_keeps_the_rest() {
    let headers: [(&[u8], &[u8]); 2] = [(b"Close", b"1"), (b"X", b"2")];
    let bytes = head_packet(200, b"", &headers);
    let head = parse_head(&bytes).unwrap();
    assert_eq!(pairs(head.end_to_end_headers()), pairs(headers.into_iter()));
}

/// One good packet of each kind.
fn samples() -> Vec<Vec<u8>> {
    vec![
        head_packet(200, b"OK", &[(b"X-One", b"1"), (b"X-Two", b"")]),
        framed(b"\x04\x00\xc8\x00\x02OK\0\x00\x01\xa0\x01\x00\x03a/b\0"),
        framed(b"\x03\x00\x05hello\0"),
        framed(b"\x05\x01"),
        framed(b"\x06\x1f\xfa"),
        framed(b"\x09"),
    ]
}

#[test]
fn cp12_a_stream_cut_anywhere_is_incomplete() {
    for packet in samples() {
        for cut in 0..packet.len() {
            let needed = if cut < 4 { 4 } else { packet.len() };
            let found = next_frame(&packet[..cut], PacketSize::DEFAULT);
            assert_eq!(found, Ok(Frame::Incomplete { needed }));
        }
        assert!(parse(&packet).is_ok());
    }
}

#[test]
fn cp12_a_payload_cut_anywhere_is_an_error_of_its_contents() {
    for packet in samples() {
        let payload = &packet[4..];
        let without_custom_nul = payload.len() - usize::from(payload[0] == SEND_BODY_CHUNK);
        for cut in 0..without_custom_nul {
            let bytes = framed(&payload[..cut]);
            let error = parse(&bytes).expect_err("cut packet");
            assert!(!error.is_framing() && error.status() == 500, "{error}");
        }
    }
}

#[test]
fn bg23_rs14_the_next_packet_cannot_be_read_as_part_of_this_one() {
    let mut stream = framed(b"\x04\x00\xc8\x00\x05OK");
    stream.extend(b"abc\0\x00\x00");
    let error = ProtocolError::TruncatedField {
        needed: 6,
        available: 2,
    };
    assert_eq!(next_frame(&stream, PacketSize::DEFAULT), Err(error));
}

#[test]
fn k09_bytes_behind_the_last_header_are_ignored() {
    let bytes = framed(b"\x04\x00\xc8\x00\x00\0\x00\x00rest");
    assert_eq!(parse_head(&bytes).unwrap().headers().count(), 0);
}

proptest! {
    #[test]
    fn cv12_random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for buf in [bytes.clone(), framed(&bytes)] {
            if let Ok(Frame::Complete { consumed, .. }) = next_frame(&buf, PacketSize::DEFAULT) {
                prop_assert!(consumed <= buf.len());
            }
        }
    }

    #[test]
    fn cv12_mutated_packets_never_panic_and_never_let_a_split_through(
        which in 0..6usize, at in 0..64usize, byte: u8, at2 in 0..64usize, byte2: u8,
    ) {
        let mut packet = samples().swap_remove(which);
        let len = packet.len();
        packet[4 + at % (len - 4)] = byte;
        packet[4 + at2 % (len - 4)] = byte2;
        if let Ok(Frame::Complete { packet: Packet::Headers(head), .. }) = next_frame(&packet, PacketSize::DEFAULT) {
            prop_assert!((200..=999).contains(&head.status()));
            for (name, value) in head.headers() {
                prop_assert!(!name.is_empty());
                prop_assert!(!value.iter().chain(name).any(|byte| b"\0\r\n".contains(byte)));
            }
            prop_assert!(head.end_to_end_headers().count() <= head.headers().count());
        }
    }

    #[test]
    fn k09_heads_round_trip(
        status in 200..=999u16,
        headers in proptest::collection::vec(("[!#-'*+.^_`|~A-Za-z0-9-]{1,12}", "[ -~\t\u{80}-\u{ff}]{0,20}"), 0..20),
    ) {
        let pairs: Vec<(&[u8], &[u8])> = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let bytes = head_packet(status, b"reason", &pairs);
        let head = parse_head(&bytes).unwrap();
        prop_assert_eq!(head.status(), status);
        prop_assert_eq!(head.headers().collect::<Vec<_>>(), pairs);
    }
}
