use super::*;
use proptest::prelude::*;
use rjk_message::Attributes;

fn request<'a>(method: &'a [u8], headers: &'a [(&'a [u8], &'a [u8])]) -> RequestHead<'a> {
    RequestHead {
        method,
        protocol: b"HTTP/1.1",
        uri: b"/a",
        remote_addr: Some(b"10.0.0.1"),
        remote_host: None,
        server_name: b"h",
        server_port: 80,
        is_ssl: false,
        headers,
        body: BodyLength::Chunked,
        attributes: Attributes::default(),
    }
}

fn encoded(request: &RequestHead<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode(request, PacketSize::DEFAULT, &mut out).unwrap();
    out
}

/// Whether `needle` is somewhere in the packet.
fn contains(packet: &[u8], needle: &[u8]) -> bool {
    packet.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn q01_to_q14_smallest_request_byte_for_byte() {
    let attributes = Attributes {
        remote_port: Some(b"4711"),
        ..Attributes::default()
    };
    let request = RequestHead {
        body: BodyLength::None,
        attributes,
        ..request(b"GET", &[(b"Host", b"h")])
    };
    let expected = [
        b"\x12\x34\x00\x7d".as_slice(),                 // K-01
        b"\x02\x02",                                    // Q-01, Q-02 GET
        b"\x00\x08HTTP/1.1\0",                          // Q-03
        b"\x00\x02/a\0",                                // Q-04
        b"\x00\x0810.0.0.1\0",                          // Q-05
        b"\xff\xff",                                    // Q-06 null
        b"\x00\x01h\0",                                 // Q-07
        b"\x00\x50",                                    // Q-08
        b"\x00",                                        // Q-09
        b"\x00\x02",                                    // Q-10
        b"\xa0\x0b\x00\x01h\0",                         // Q-11
        b"\xa0\x08\x00\x010\0",                         // Q-12, last
        b"\x0a\x00\x0fAJP_REMOTE_PORT\0\x00\x044711\0", // AT-12
        b"\x0a\x00\x0eAJP_LOCAL_ADDR\0\xff\xff",        // AT-13
        b"\x0a\x00\x10JK_LB_ACTIVATION\0\x00\x03ACT\0", // AT-14
        b"\xff",                                        // Q-14
    ]
    .concat();
    assert_eq!(
        encoded(&request),
        expected,
        "{}",
        encoded(&request).escape_ascii()
    );
}

#[test]
fn at01_to_at15_all_attributes_byte_for_byte() {
    let mut request = request(b"PATCH", &[]);
    request.is_ssl = true;
    request.attributes = Attributes {
        secret: Some(b"s"),
        remote_user: Some(b"u"),
        auth_type: Some(b"t"),
        query: Some(b""),
        route: Some(b"r"),
        ssl_cert: Some(b"c"),
        ssl_cipher: Some(b"i"),
        ssl_session: Some(b"e"),
        ssl_key_size: Some(256),
        ssl_protocol: Some(b"p"),
        remote_port: None,
        local_addr: Some(b"l"),
        activation: b"STP",
        extra: &[(b"n1", b"v"), (b"n2", b"")],
    };
    let tail = [
        b"\x00\x50\x01\x00\x00".as_slice(),
        b"\x0c\x00\x01s\0",
        b"\x03\x00\x01u\0",
        b"\x04\x00\x01t\0",
        b"\x05\x00\x00\0",
        b"\x06\x00\x01r\0",
        b"\x07\x00\x01c\0",
        b"\x08\x00\x01i\0",
        b"\x09\x00\x01e\0",
        b"\x0b\x01\x00",
        b"\x0d\x00\x05PATCH\0",
        b"\x0a\x00\x10AJP_SSL_PROTOCOL\0\x00\x01p\0",
        b"\x0a\x00\x0fAJP_REMOTE_PORT\0\xff\xff",
        b"\x0a\x00\x0eAJP_LOCAL_ADDR\0\x00\x01l\0",
        b"\x0a\x00\x10JK_LB_ACTIVATION\0\x00\x03STP\0",
        b"\x0a\x00\x02n1\0\x00\x01v\0",
        b"\x0a\x00\x02n2\0\x00\x00\0",
        b"\xff",
    ]
    .concat();
    let packet = encoded(&request);
    assert!(packet.ends_with(&tail), "{}", packet.escape_ascii());
    assert_eq!(packet[5], 0xFF, "ME-02");
}

#[test]
fn at02_at03_at06_at11_empty_values_are_not_sent() {
    let mut with_empty = request(b"GET", &[]);
    with_empty.attributes.remote_user = Some(b"");
    with_empty.attributes.auth_type = Some(b"");
    with_empty.attributes.ssl_cert = Some(b"");
    with_empty.attributes.ssl_protocol = Some(b"");
    assert_eq!(encoded(&with_empty), encoded(&request(b"GET", &[])));
}

#[test]
fn q11_headers_keep_order_spelling_and_connection() {
    let headers: [(&[u8], &[u8]); 4] = [
        (b"X-fOO", b"1"),
        (b"connection", b"close, X-fOO"),
        (b"TRANSFER-encoding", b"chunked"),
        (b"X-fOO", b"2"),
    ];
    let expected = [
        b"\x00\x04".as_slice(),
        b"\x00\x05X-fOO\0\x00\x011\0",
        b"\xa0\x06\x00\x0cclose, X-fOO\0",
        b"\x00\x11TRANSFER-encoding\0\x00\x07chunked\0",
        b"\x00\x05X-fOO\0\x00\x012\0",
        b"\x0a\x00\x0fAJP",
    ]
    .concat();
    assert!(contains(&encoded(&request(b"GET", &headers)), &expected));
}

#[test]
fn q12_content_length_agrees_with_the_body() {
    let cases: [(BodyLength, &[&str], &[&str]); 12] = [
        (BodyLength::None, &[], &["0"]),
        (BodyLength::None, &["0"], &["0"]),
        (BodyLength::None, &["5"], &["0"]),
        (BodyLength::Known(0), &[], &["0"]),
        (BodyLength::Known(5), &["5"], &["5"]),
        (BodyLength::Known(5), &[" 05 "], &[" 05 "]),
        (BodyLength::Known(5), &["6", "5"], &["5"]),
        (BodyLength::Known(5), &["+5"], &["5"]),
        (BodyLength::Known(u64::MAX), &[], &["18446744073709551615"]),
        (BodyLength::Chunked, &["5"], &[]),
        (BodyLength::Chunked, &["0", "x"], &[]),
        (BodyLength::Chunked, &[], &[]),
    ];
    for (body, given, sent) in cases {
        let mut headers: Vec<(&[u8], &[u8])> = vec![(b"X", b"y")];
        headers.extend(
            given
                .iter()
                .map(|value| (b"Content-LENGTH".as_slice(), value.as_bytes())),
        );
        let packet = encoded(&RequestHead {
            body,
            ..request(b"POST", &headers)
        });
        let mut expected = u16::try_from(sent.len() + 1)
            .unwrap()
            .to_be_bytes()
            .to_vec();
        expected.extend_from_slice(b"\x00\x01X\0\x00\x01y\0");
        for value in sent {
            expected.extend_from_slice(&[0xA0, 0x08, 0, u8::try_from(value.len()).unwrap()]);
            expected.extend_from_slice(value.as_bytes());
            expected.push(0);
        }
        expected.extend_from_slice(b"\x0a\x00\x0fAJP");
        assert!(
            contains(&packet, &expected),
            "{body:?} {given:?} {}",
            packet.escape_ascii()
        );
    }
}

#[test]
fn f04_the_limit_is_exact_and_out_stays_as_it_was() {
    let fits = PacketSize::DEFAULT.bytes() - encoded(&request(b"GET", &[])).len();
    let uri = vec![b'a'; fits + 3];
    let mut out = b"before".to_vec();
    let largest = RequestHead {
        uri: &uri[..fits + 2],
        ..request(b"GET", &[])
    };
    assert_eq!(encode(&largest, PacketSize::DEFAULT, &mut out), Ok(()));
    assert_eq!(out.len(), 6 + 8192);
    assert_eq!(out[6..10], [0x12, 0x34, 0x1F, 0xFC]);

    out.truncate(6);
    let larger = RequestHead {
        uri: &uri,
        ..request(b"GET", &[])
    };
    let refused = encode(&larger, PacketSize::DEFAULT, &mut out);
    assert_eq!(
        refused,
        Err(RequestTooLarge {
            size: 8193,
            limit: 8192
        })
    );
    assert_eq!(out, b"before");
    assert_eq!(encode(&larger, PacketSize::clamped(8193), &mut out), Ok(()));
}

#[test]
#[cfg_attr(miri, ignore = "minutes of work that has no thread and nothing unsafe")]
fn f04_lengths_that_do_not_fit_their_field() {
    let long = vec![b'a'; 70_000];
    let short: (&[u8], &[u8]) = (b"a", b"");
    let many = vec![short; 70_000];
    let code_like: [(&[u8], &[u8]); 1] = [(&long[..0xA000], b"")];
    let longest_name: [(&[u8], &[u8]); 1] = [(&long[..0x9FFF], b"")];
    let mut out = Vec::new();
    for uri in [&long[..65_535], &long[..65_536], &long] {
        let request = RequestHead {
            uri,
            ..request(b"GET", &[])
        };
        assert!(encode(&request, PacketSize::MAX, &mut out).is_err());
    }
    assert!(encode(&request(b"GET", &many), PacketSize::MAX, &mut out).is_err());
    assert_eq!(
        encode(&request(b"GET", &code_like), PacketSize::MAX, &mut out),
        Err(RequestTooLarge {
            size: 0xA000,
            limit: 0x9FFF
        })
    );
    assert!(out.is_empty());
    assert_eq!(
        encode(&request(b"GET", &longest_name), PacketSize::MAX, &mut out),
        Ok(())
    );
}

#[test]
fn at01_debug_output_hides_the_secret() {
    let mut request = request(b"GET", &[]);
    request.attributes.secret = Some(b"hunter2");
    let secret = format!("{:?}", b"hunter2");
    let text = format!("{request:?}");
    assert!(
        !text.contains("hunter2") && !text.contains(secret.trim_matches(['[', ']'])),
        "{text}"
    );
    assert!(text.contains("hidden"), "{text}");
}

/// An independent reader of forward requests, written from contract §5.2.
struct Decoder<'a>(&'a [u8]);

#[derive(Debug, PartialEq)]
struct Decoded {
    method: Vec<u8>,
    strings: Vec<Option<Vec<u8>>>,
    port: u16,
    is_ssl: bool,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    attributes: Vec<(u8, Vec<u8>, Option<Vec<u8>>)>,
}

impl Decoder<'_> {
    fn byte(&mut self) -> u8 {
        let byte = self.0[0];
        self.0 = &self.0[1..];
        byte
    }
    fn word(&mut self) -> u16 {
        u16::from(self.byte()) << 8 | u16::from(self.byte())
    }
    fn string(&mut self) -> Option<Vec<u8>> {
        match self.word() {
            0xFFFF => None,
            len => Some(self.string_of(len)),
        }
    }
    fn string_of(&mut self, len: u16) -> Vec<u8> {
        let bytes = (0..len).map(|_| self.byte()).collect();
        assert_eq!(self.byte(), 0);
        bytes
    }
    fn header(&mut self) -> (Vec<u8>, Vec<u8>) {
        let name = match self.word() {
            0xA006 => b"connection".to_vec(),
            0xA008 => b"content-length".to_vec(),
            0xA00B => b"host".to_vec(),
            len => self.string_of(len).to_ascii_lowercase(),
        };
        (name, self.string().unwrap())
    }
    fn attribute(&mut self, code: u8) -> (u8, Vec<u8>, Option<Vec<u8>>) {
        match code {
            0x0A => (code, self.string().unwrap(), self.string()),
            0x0B => (code, Vec::new(), Some(self.word().to_be_bytes().to_vec())),
            _ => (code, Vec::new(), self.string()),
        }
    }
    fn request(mut self) -> Decoded {
        assert_eq!(self.word(), 0x1234);
        assert_eq!(usize::from(self.word()), self.0.len());
        assert_eq!(self.byte(), 2);
        let code = self.byte();
        let strings = (0..5).map(|_| self.string()).collect();
        let (port, is_ssl, count) = (self.word(), self.byte() == 1, self.word());
        let headers = (0..count).map(|_| self.header()).collect();
        let mut attributes = Vec::new();
        loop {
            match self.byte() {
                0xFF => break,
                code => attributes.push(self.attribute(code)),
            }
        }
        assert!(self.0.is_empty());
        let stored = attributes.iter().find(|attribute| attribute.0 == 0x0D);
        let method = match code {
            2 => b"GET".to_vec(),
            4 => b"POST".to_vec(),
            _ => stored.unwrap().2.clone().unwrap(),
        };
        Decoded {
            method,
            strings,
            port,
            is_ssl,
            headers,
            attributes,
        }
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..12)
}

fn header_names() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"Connection".to_vec()),
        Just(b"hosT".to_vec()),
        Just(b"X-Any".to_vec()),
        Just(b"Content-Length".to_vec()),
    ]
}

fn bodies() -> impl Strategy<Value = BodyLength> {
    prop_oneof![
        Just(BodyLength::None),
        any::<u64>().prop_map(BodyLength::Known),
        Just(BodyLength::Chunked)
    ]
}

proptest! {
    #[test]
    fn q_what_is_encoded_can_be_decoded(
        method in prop_oneof![Just(b"GET".to_vec()), Just(b"POST".to_vec()), Just(b"PATCH".to_vec())],
        uri in bytes(),
        host in proptest::option::of(bytes()),
        port: u16,
        is_ssl: bool,
        headers in proptest::collection::vec((header_names(), bytes()), 0..8),
        body in bodies(),
        user in proptest::option::of(bytes()),
        extra in proptest::collection::vec((bytes(), bytes()), 0..4),
    ) {
        let (header_pairs, extra_pairs) = (headers, extra);
        let headers: Vec<(&[u8], &[u8])> = header_pairs.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let extra: Vec<(&[u8], &[u8])> = extra_pairs.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let attributes = Attributes { remote_user: user.as_deref(), extra: &extra, ..Attributes::default() };
        let request = RequestHead {
            uri: &uri, remote_host: host.as_deref(), server_port: port, is_ssl, body, attributes,
            ..request(&method, &headers)
        };
        let decoded = Decoder(&encoded(&request)).request();

        prop_assert_eq!(&decoded.method, &method);
        prop_assert_eq!(&decoded.strings[1], &Some(uri.clone()));
        prop_assert_eq!(&decoded.strings[3], &host);
        prop_assert_eq!((decoded.port, decoded.is_ssl), (port, is_ssl));
        let plain = |pair: &&(Vec<u8>, Vec<u8>)| pair.0 != b"content-length";
        let sent: Vec<_> = decoded.headers.iter().filter(plain).cloned().collect();
        let given: Vec<_> = header_pairs.iter().map(|(n, v)| (n.to_ascii_lowercase(), v.clone())).collect();
        prop_assert_eq!(sent, given.iter().filter(plain).cloned().collect::<Vec<_>>());
        let lengths: Vec<_> = decoded.headers.iter().filter(|pair| !plain(pair)).collect();
        prop_assert_eq!(lengths.is_empty(), body == BodyLength::Chunked);
        for (_, value) in lengths {
            let number = std::str::from_utf8(value).unwrap().trim().parse();
            prop_assert_eq!(number, Ok(body.declared()));
        }
        let sent_user = decoded.attributes.iter().find(|attribute| attribute.0 == 3);
        prop_assert_eq!(sent_user.and_then(|attribute| attribute.2.clone()), user.filter(|user| !user.is_empty()));
        let sent_extra: Vec<_> = decoded.attributes[decoded.attributes.len() - extra_pairs.len()..].to_vec();
        prop_assert_eq!(sent_extra, extra_pairs.into_iter().map(|(n, v)| (0x0A, n, Some(v))).collect::<Vec<_>>());
    }
}

#[test]
fn a_buffer_that_is_too_small_is_told_apart_from_a_packet_that_is_too_large() {
    let mut whole = Vec::new();
    encode(&request(b"GET", &[]), PacketSize::DEFAULT, &mut whole).unwrap();
    for room in [0, 3, whole.len() - 1] {
        let mut buffer = vec![0; room];
        let fits = into(&request(b"GET", &[]), &mut buffer);
        assert_eq!(fits, Ok(None), "{room}");
    }
    let mut buffer = vec![0xEE; whole.len() + 1];
    let fits = into(&request(b"GET", &[]), &mut buffer);
    assert_eq!(fits, Ok(Some(whole.len())));
    assert_eq!(
        (&buffer[..whole.len()], buffer[whole.len()]),
        (&whole[..], 0xEE)
    );
    let long = "x".repeat(9000);
    let headers = [(&b"X"[..], long.as_bytes())];
    let refused = into(&request(b"GET", &headers), &mut [0; 9]);
    assert!(refused.is_err_and(|refused| refused.size > 9000));
}

/// With the attributes that stand in the head.
fn into(head: &RequestHead<'_>, buffer: &mut [u8]) -> Result<Option<usize>, RequestTooLarge> {
    encode_into(
        head,
        &Added::of(&head.attributes),
        PacketSize::DEFAULT,
        buffer,
    )
}

#[test]
fn what_is_added_replaces_the_heads_own() {
    let mut head = request(b"GET", &[]);
    let added = Added {
        secret: Some(b"s"),
        route: Some(b"r"),
        activation: b"DIS",
    };
    let mut buffer = [0; 500];
    let size = encode_into(&head, &added, PacketSize::DEFAULT, &mut buffer);
    head.attributes.secret = added.secret;
    head.attributes.route = added.route;
    head.attributes.activation = added.activation;
    let mut expected = Vec::new();
    encode(&head, PacketSize::DEFAULT, &mut expected).unwrap();
    assert_eq!(size, Ok(Some(expected.len())));
    assert_eq!(buffer[..expected.len()], expected);
}
