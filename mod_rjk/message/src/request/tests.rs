use super::*;

#[test]
fn a_body_is_empty_where_none_comes() {
    let cases = [
        (BodyLength::None, true),
        (BodyLength::Known(0), true),
        (BodyLength::Known(1), false),
        (BodyLength::Chunked, false),
    ];
    for (body, expected) in cases {
        assert_eq!(body.is_empty(), expected, "{body:?}");
    }
}

#[test]
fn a_client_waits_for_100_that_has_a_body_and_knows_what_it_is() {
    const YES: &[(&[u8], &[u8])] = &[(b"Host", b"h"), (b"eXpect", b" 100-Continue\t")];
    const OTHER: &[(&[u8], &[u8])] = &[(b"Expect", b"200-ok"), (b"X-Expect", b"100-continue")];
    let cases: [(_, &[u8], _, bool); 8] = [
        (YES, b"HTTP/1.1", BodyLength::Known(1), true),
        (YES, b"HTTP/2.0", BodyLength::Chunked, true),
        (YES, b"HTTP/1.0", BodyLength::Known(1), false),
        (YES, b"HTTP/0.9", BodyLength::Known(1), false),
        (YES, b"HTTP/1.1", BodyLength::Known(0), false),
        (YES, b"HTTP/1.1", BodyLength::None, false),
        (OTHER, b"HTTP/1.1", BodyLength::Chunked, false),
        (&[], b"HTTP/1.1", BodyLength::Chunked, false),
    ];
    for (headers, protocol, body, expected) in cases {
        let head = RequestHead {
            method: b"POST",
            protocol,
            uri: b"/",
            remote_addr: None,
            remote_host: None,
            server_name: b"h",
            server_port: 80,
            is_ssl: false,
            headers,
            body,
            attributes: Attributes::default(),
        };
        assert_eq!(head.expects_continue(), expected, "{protocol:?} {body:?}");
    }
}
