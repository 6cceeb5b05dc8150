use crate::request::{Told, encode};
use rjk_message::{Attributes, BodyLength, RequestHead};

const X: Told<'static> = Told {
    decoded_path: false,
    x_forwarded: true,
    forwarded: false,
    secret_header: None,
    websocket: false,
    expect_continue: false,
};

const RFC: Told<'static> = Told {
    x_forwarded: false,
    forwarded: true,
    ..X
};

const NONE: Told<'static> = Told {
    x_forwarded: false,
    ..X
};

fn head<'a>(host: &'a [(&'a [u8], &'a [u8])], attributes: Attributes<'a>) -> RequestHead<'a> {
    RequestHead {
        method: b"GET",
        protocol: b"HTTP/1.1",
        uri: b"/",
        remote_addr: Some(b"192.0.2.7"),
        remote_host: None,
        server_name: b"server.example",
        server_port: 8080,
        is_ssl: false,
        headers: host,
        body: BodyLength::None,
        attributes,
    }
}

/// All that is told, but for the activation of nothing special.
fn told(head: &RequestHead<'_>, told: &Told<'_>) -> Vec<String> {
    let mut out = Vec::new();
    encode(head, told, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines = text.strip_suffix("\r\n\r\n").unwrap().split("\r\n").skip(2);
    let lines =
        lines.filter(|line| !["Connection: keep-alive", "X-Rjk-Activation: ACT"].contains(line));
    lines.map(str::to_owned).collect()
}

fn attributes(attributes: Attributes<'_>) -> Vec<String> {
    told(&head(&[(b"Host", b"h")], attributes), &NONE)
}

#[test]
fn address_scheme_host_and_port_as_they_are_wanted() {
    let host: [(&[u8], &[u8]); 1] = [(b"Host", b"www.example:8443")];
    let head = RequestHead {
        is_ssl: true,
        ..head(&host, Attributes::default())
    };
    let x = [
        "X-Forwarded-For: 192.0.2.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: www.example:8443",
        "X-Forwarded-Port: 8443",
    ];
    let rfc = "Forwarded: for=192.0.2.7;host=\"www.example:8443\";proto=https";
    assert_eq!(told(&head, &X), x);
    assert_eq!(told(&head, &RFC), [rfc]);
    let both = Told {
        forwarded: true,
        ..X
    };
    assert_eq!(told(&head, &both), [&x[..], &[rfc]].concat());
    assert_eq!(told(&head, &NONE), [""; 0]);
}

/// Tomcat takes the same port over AJP: the one that the client named, or else the scheme's.
#[test]
fn the_port_is_the_one_that_the_client_means() {
    let cases: [(&[u8], bool, &str); 6] = [
        (b"h", false, "80"),
        (b"h", true, "443"),
        (b"h:81", false, "81"),
        (b"h:81", true, "81"),
        (b"[::1]", true, "443"),
        (b"[::1]:9", true, "9"),
    ];
    for (host, is_ssl, port) in cases {
        let headers = [(b"Host".as_slice(), host)];
        let head = RequestHead {
            is_ssl,
            ..head(&headers, Attributes::default())
        };
        assert_eq!(told(&head, &X)[3], format!("X-Forwarded-Port: {port}"));
    }
    let nameless = head(&[], Attributes::default());
    let expected = [
        "X-Forwarded-Host: server.example:8080",
        "X-Forwarded-Port: 8080",
    ];
    assert_eq!(told(&nameless, &X)[2..], expected);
}

type Address = (
    Option<&'static [u8]>,
    Option<&'static str>,
    Option<&'static str>,
);

/// An address, and how the two kinds of headers tell it.
const ADDRESSES: [Address; 10] = [
    (Some(b"192.0.2.7"), Some("192.0.2.7"), Some("192.0.2.7")),
    (
        Some(b"2001:db8::7"),
        Some("2001:db8::7"),
        Some("\"[2001:db8::7]\""),
    ),
    (
        Some(b"::ffff:192.0.2.7"),
        Some("::ffff:192.0.2.7"),
        Some("\"[::ffff:192.0.2.7]\""),
    ),
    // RFC 7239 has no zones and no names.
    (Some(b"fe80::1%eth0"), Some("fe80::1%eth0"), None),
    (Some(b"client.example"), Some("client.example"), None),
    // The worker would believe the last one.
    (Some(b"192.0.2.7, 10.0.0.1"), None, None),
    (Some(b"192.0.2.7\r\nX: y"), None, None),
    (Some(b"\"x\";for=y"), None, None),
    (Some(b""), None, None),
    (None, None, None),
];

#[test]
fn an_address_is_one_or_it_is_not_told() {
    for (remote_addr, x, rfc) in ADDRESSES {
        let head = RequestHead {
            remote_addr,
            ..head(&[(b"Host", b"h")], Attributes::default())
        };
        let first = &told(&head, &X)[0];
        assert_eq!(first.strip_prefix("X-Forwarded-For: "), x);
        let address = rfc
            .map(|address| format!("for={address};"))
            .unwrap_or_default();
        assert_eq!(
            told(&head, &RFC),
            [format!("Forwarded: {address}host=h;proto=http")]
        );
    }
}

#[test]
fn the_rest_of_the_connection_is_told_with_the_address() {
    let own = Attributes {
        remote_port: Some(b"50123"),
        local_addr: Some(b"2001:db8::1%eth0"),
        ..Attributes::default()
    };
    let head = RequestHead {
        remote_host: Some(b"client.example"),
        ..head(&[(b"Host", b"h")], own)
    };
    let expected = [
        "X-Rjk-Remote-Host: client.example",
        "X-Rjk-Remote-Port: 50123",
        "X-Rjk-Local-Addr: 2001:db8::1%25eth0",
    ];
    assert_eq!(told(&head, &X)[4..], expected);
    assert_eq!(told(&head, &RFC)[1..], expected);
    assert_eq!(told(&head, &NONE), [""; 0]);
}

#[test]
fn tls_by_the_names_of_sslvalve() {
    let tls = Attributes {
        ssl_cipher: Some(b"TLS_AES_256_GCM_SHA384"),
        ssl_session: Some(b"0123abcdef"),
        ssl_key_size: Some(256),
        ssl_protocol: Some(b"TLSv1.3"),
        ..Attributes::default()
    };
    let expected = [
        "ssl_cipher: TLS_AES_256_GCM_SHA384",
        "ssl_session_id: 0123abcdef",
        "ssl_cipher_usekeysize: 256",
        "ssl_secure_protocol: TLSv1.3",
    ];
    assert_eq!(attributes(tls), expected);
    let odd: [&[u8]; 5] = [b"", b"a b", b"a\r\nb", b"a\0", b"\xe9"];
    for value in odd {
        let value = Some(value);
        let tls = Attributes {
            ssl_cipher: value,
            ssl_session: value,
            ssl_protocol: value,
            ..Attributes::default()
        };
        assert_eq!(attributes(tls), [""; 0]);
    }
}

fn certificate(pem: &[u8]) -> Vec<String> {
    attributes(Attributes {
        ssl_cert: Some(pem),
        ..Attributes::default()
    })
}

#[test]
fn a_certificate_has_one_blank_for_each_line_end() {
    let expected =
        ["ssl_client_cert: -----BEGIN CERTIFICATE----- MIIB+/ab AA== -----END CERTIFICATE-----"];
    let same: [&[u8]; 5] = [
        b"-----BEGIN CERTIFICATE-----\nMIIB+/ab\nAA==\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\r\nMIIB+/ab\r\nAA==\r\n-----END CERTIFICATE-----",
        b"\n-----BEGIN CERTIFICATE----- MIIB+/ab  AA== -----END CERTIFICATE-----",
        // The rest of a chain: no valve reads one, and most fail on it.
        b"-----BEGIN CERTIFICATE-----\nMIIB+/ab\nAA==\n-----END CERTIFICATE-----\n\
          -----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nMIIB+/ab\nAA==\n-----END CERTIFICATE-----\0anything\r\n",
    ];
    for pem in same {
        assert_eq!(certificate(pem), expected);
    }
    let none: [&[u8]; 8] = [
        b"",
        b"(null)",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
        b"-----BEGIN CERTIFICATE----------END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nA-A\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nA\0A\n-----END CERTIFICATE-----",
        b"-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----",
    ];
    for pem in none {
        assert_eq!(certificate(pem), [""; 0]);
    }
}

#[test]
fn our_own_headers_carry_any_value_and_no_other() {
    let cases: [(&[u8], &str); 7] = [
        (b"kim", "kim"),
        (b"CORP\\kim@example.com", "CORP\\kim@example.com"),
        (b"a, b; c=\"d\"", "a,%20b;%20c=\"d\""),
        (b"a%41", "a%2541"),
        (b"a+b", "a%2Bb"),
        ("\u{ae40}".as_bytes(), "%EA%B9%80"),
        (
            b"a\r\nX-Rjk-Remote-User: root\0",
            "a%0D%0AX-Rjk-Remote-User:%20root%00",
        ),
    ];
    for (value, expected) in cases {
        let own = Attributes {
            remote_user: Some(value),
            auth_type: Some(value),
            route: Some(value),
            ..Attributes::default()
        };
        let lines =
            ["Remote-User", "Auth-Type", "Route"].map(|name| format!("X-Rjk-{name}: {expected}"));
        assert_eq!(attributes(own), lines);
    }
    let empty = Some(b"".as_slice());
    let own = Attributes {
        remote_user: empty,
        auth_type: empty,
        route: empty,
        ..Attributes::default()
    };
    assert_eq!(attributes(own), [""; 0]);
    let own = Attributes {
        activation: b"DIS",
        ..Attributes::default()
    };
    assert_eq!(attributes(own), ["X-Rjk-Activation: DIS"]);
}

#[test]
fn variables_come_with_their_names() {
    let extra: [(&[u8], &[u8]); 6] = [
        (b"SSL_CLIENT_S_DN", b"CN=kim, O=Acme"),
        (b"empty", b""),
        (b"a b:c", b"x"),
        (b"a%20b", b"y"),
        (b"\r\nX", b"\r\n"),
        (b"", b"nameless"),
    ];
    let expected = [
        "X-Rjk-Env-SSL_CLIENT_S_DN: CN=kim,%20O=Acme",
        "X-Rjk-Env-empty: ",
        "X-Rjk-Env-a%20b%3Ac: x",
        "X-Rjk-Env-a%2520b: y",
        "X-Rjk-Env-%0D%0AX: %0D%0A",
    ];
    assert_eq!(
        attributes(Attributes {
            extra: &extra,
            ..Attributes::default()
        }),
        expected
    );
}

#[test]
fn the_secret_goes_whole_by_its_own_name_or_not_at_all() {
    let send = |name: Option<&'static [u8]>, secret: Option<&'static [u8]>| {
        let head = head(
            &[(b"Host", b"h")],
            Attributes {
                secret,
                ..Attributes::default()
            },
        );
        told(
            &head,
            &Told {
                secret_header: name,
                ..NONE
            },
        )
    };
    let name = Some(b"X-Secret".as_slice());
    assert_eq!(send(name, Some(b"s3 cr%t")), ["X-Secret: s3 cr%t"]);
    assert_eq!(send(None, Some(b"s")), [""; 0]);
    assert_eq!(send(name, None), [""; 0]);
    let odd: [&[u8]; 5] = [b"", b" s", b"s ", b"s\nt", b"\0"];
    for secret in odd {
        assert_eq!(send(name, Some(secret)), [""; 0]);
    }
    let names: [&[u8]; 5] = [b"", b"X Y", b"Host", b"Content_Length", b"A\r\nB"];
    for name in names {
        assert_eq!(send(Some(name), Some(b"s")), [""; 0]);
    }
}
