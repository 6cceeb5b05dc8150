use super::*;

#[test]
fn a24_packet_size_is_rounded_up_and_bounded() {
    let cases = [
        (0, 8192),
        (8192, 8192),
        (8193, 9216),
        (9216, 9216),
        (65535, 65536),
        (65536, 65536),
        (65537, 65536),
        (usize::MAX, 65536),
    ];
    for (asked, size) in cases {
        assert_eq!(PacketSize::clamped(asked).bytes(), size, "{asked}");
    }
    assert_eq!(PacketSize::default(), PacketSize::DEFAULT);
}

#[test]
fn z05_body_bytes_per_packet() {
    assert_eq!(PacketSize::DEFAULT.max_body(), 8186);
    assert_eq!(PacketSize::MAX.max_body(), 65530);
}

#[test]
fn k04_to_k07_fixed_packets() {
    assert_eq!(body_header(8186), [0x12, 0x34, 0x1F, 0xFC, 0x1F, 0xFA]);
    assert_eq!(body_header(65530), [0x12, 0x34, 0xFF, 0xFC, 0xFF, 0xFA]);
    assert_eq!(body_header(0), BROKEN_BODY);
    assert_eq!(END_OF_BODY, [0x12, 0x34, 0, 0]);
    assert_eq!(CPING, [0x12, 0x34, 0, 1, 0x0A]);
}

#[test]
fn me01_method_codes() {
    let codes = [
        (1, "OPTIONS"),
        (2, "GET"),
        (3, "HEAD"),
        (4, "POST"),
        (5, "PUT"),
        (6, "DELETE"),
        (7, "TRACE"),
        (8, "PROPFIND"),
        (9, "PROPPATCH"),
        (10, "MKCOL"),
        (11, "COPY"),
        (12, "MOVE"),
        (13, "LOCK"),
        (14, "UNLOCK"),
        (15, "ACL"),
        (16, "REPORT"),
        (17, "VERSION-CONTROL"),
        (18, "CHECKIN"),
        (19, "CHECKOUT"),
        (20, "UNCHECKOUT"),
        (21, "SEARCH"),
        (22, "MKWORKSPACE"),
        (23, "UPDATE"),
        (24, "LABEL"),
        (25, "MERGE"),
        (26, "BASELINE-CONTROL"),
        (27, "MKACTIVITY"),
    ];
    for (code, method) in codes {
        assert_eq!(method_code(method.as_bytes()), Some(code), "{method}");
    }
}

#[test]
fn me02_other_methods_have_no_code() {
    for method in ["PATCH", "FOOBAR", "get", "Get", "", "GETX"] {
        assert_eq!(method_code(method.as_bytes()), None, "{method}");
    }
}

#[test]
fn hc01_to_hc14_request_header_codes() {
    let codes = [
        (0x01, "Accept"),
        (0x02, "accept-charset"),
        (0x03, "ACCEPT-ENCODING"),
        (0x04, "Accept-Language"),
        (0x05, "Authorization"),
        (0x06, "Connection"),
        (0x07, "Content-Type"),
        (0x08, "content-length"),
        (0x09, "Cookie"),
        (0x0A, "Cookie2"),
        (0x0B, "Host"),
        (0x0C, "Pragma"),
        (0x0D, "Referer"),
        (0x0E, "User-Agent"),
    ];
    for (code, name) in codes {
        assert_eq!(request_header_code(name.as_bytes()), Some(code), "{name}");
    }
    for name in ["Transfer-Encoding", "X-Host", "", "Acceptx"] {
        assert_eq!(request_header_code(name.as_bytes()), None, "{name}");
    }
}

#[test]
fn hc01_to_hc13_response_header_codes() {
    let names = [
        (0x00, None),
        (0x01, Some("Content-Type")),
        (0x02, Some("Content-Language")),
        (0x03, Some("Content-Length")),
        (0x04, Some("Date")),
        (0x05, Some("Last-Modified")),
        (0x06, Some("Location")),
        (0x07, Some("Set-Cookie")),
        (0x08, Some("Set-Cookie2")),
        (0x09, Some("Servlet-Engine")),
        (0x0A, Some("Status")),
        (0x0B, Some("WWW-Authenticate")),
        (0x0C, None),
        (0xFF, None),
    ];
    for (code, name) in names {
        let found = response_header_name(code).map(KnownName::as_str);
        assert_eq!(found, name, "{code:#x}");
    }
}
