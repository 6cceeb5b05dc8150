use super::*;
use crate::request::{Told, encode};
use rjk_message::{Attributes, BodyLength, RequestHead};

/// Everything of one connection, and every name by which somebody looks for a fact.
const REMOVED: [&str; 44] = [
    "Connection",
    "Content-Length",
    "Expect",
    "Forwarded",
    "Front-End-Https",
    "HTTP2-Settings",
    "Keep-Alive",
    "Proxy-Auth-Cert",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Client-IP",
    "Proxy-Connection",
    "Proxy-SSL-Id",
    "SSL_CIPHER",
    "SSL_CIPHER_USEKEYSIZE",
    "SSL_CLIENT_CERT",
    "SSL_CLIENT_ESCAPED_CERT",
    "SSL_SECURE_PROTOCOL",
    "SSL_SESSION_ID",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "WL-Proxy-Client-IP",
    "WL-Proxy-SSL",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Forwarded",
    "X-Forwarded-By",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Proxied-Https",
    "X-Real-IP",
    "X-Rjk-",
    "X-Rjk-Activation",
    "X-Rjk-Env-SSL_CLIENT_S_DN",
    "X-Rjk-Remote-User",
    "X-Url-Scheme",
];

/// The spellings that count as the same name.
fn spellings(name: &str) -> Vec<String> {
    let other_case = |(place, letter): (usize, char)| match place % 2 {
        0 => letter.to_ascii_lowercase(),
        _ => letter.to_ascii_uppercase(),
    };
    vec![
        name.to_owned(),
        name.to_lowercase(),
        name.to_uppercase(),
        name.chars().enumerate().map(other_case).collect(),
        name.replace('-', "_"),
        name.replace('_', "-"),
        name.replace(['-', '_'], "."),
        name.replacen(['-', '_'], "~", 1),
    ]
}

fn written(headers: &[(&[u8], &[u8])], told: &Told<'_>) -> String {
    let head = RequestHead {
        method: b"GET",
        protocol: b"HTTP/1.1",
        uri: b"/",
        remote_addr: None,
        remote_host: None,
        server_name: b"h",
        server_port: 80,
        is_ssl: false,
        headers,
        body: BodyLength::None,
        attributes: Attributes::default(),
    };
    let mut out = Vec::new();
    encode(&head, told, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn no_spelling_of_them_gets_through_alone_twice_or_named() {
    let nothing = written(&[], &Told::default());
    for name in REMOVED {
        for spelled in spellings(name) {
            let field = (spelled.as_bytes(), b"client".as_slice());
            let named = (b"Connection".as_slice(), spelled.as_bytes());
            let cases: [&[_]; 5] = [
                &[field],
                &[field, field],
                &[named, field],
                &[field, named],
                &[named, named, field, field],
            ];
            for headers in cases {
                assert_eq!(written(headers, &Told::default()), nothing, "{spelled}");
            }
        }
    }
}

#[test]
fn no_spelling_of_the_secrets_name_gets_through() {
    let told = Told {
        secret_header: Some(b"X-Worker-Secret"),
        ..Told::default()
    };
    let nothing = written(&[], &told);
    for spelled in spellings("X-Worker-Secret") {
        let field = (spelled.as_bytes(), b"client".as_slice());
        let named = (b"Connection".as_slice(), spelled.as_bytes());
        assert_eq!(written(&[field], &told), nothing, "{spelled}");
        assert_eq!(written(&[field, named, field], &told), nothing, "{spelled}");
        assert!(written(&[field], &Told::default()).contains(&spelled));
    }
}

#[test]
fn names_that_only_look_like_them_are_passed_on() {
    let names = [
        "X",
        "X-",
        "X-Forward",
        "X-Forwarde",
        "XForwarded-For",
        "-X-Forwarded-For",
        "X-Rjk",
        "X-Rjkx",
        "XX-Rjk-A",
        "SSL_CIPHER_",
        "SSL_CIPHE",
        "SSL_CLIENT_S_DN",
        "SSL_CLIENT_VERIFY",
        "Forwarded-For",
        "TEX",
        "T",
        "E",
        "Content-Lengths",
        "Content-Lengt",
        "Transfer-Encodings",
        "Hosts",
        "Hos",
        "Upgrade-Insecure-Requests",
        "Expect-CT",
        "Trailers",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Request-Id",
        "Via",
        "Max-Forwards",
        "X-Http-Method-Override",
        "Sec-WebSocket-Key",
        "Front-End",
        "Proxy",
    ];
    for name in names {
        let expected = format!("\r\n{name}: client\r\n");
        let written = written(&[(name.as_bytes(), b"client")], &Told::default());
        assert!(written.contains(&expected), "{name}: {written}");
        assert!(!is_removed(name.as_bytes()));
    }
}

/// The table is sorted by hand.
#[test]
fn every_name_of_the_table_is_found() {
    let mut count = 0;
    for length in 0..64 {
        for name in removed_of_length(length) {
            assert_eq!(name.len(), length, "{}", name.escape_ascii());
            assert!(name.iter().all(|byte| folded(*byte) == *byte) && is_removed(name));
            let in_list = |known: &&str| is_near(name, known.as_bytes());
            assert!(*name == b"host" || REMOVED.iter().any(in_list));
            count += 1;
        }
    }
    assert_eq!(count, 31);
}

#[test]
fn a_secret_travels_by_any_name_that_frames_nothing() {
    let names = [
        "X-Worker-Secret",
        "Authorization",
        "X-Real-IP",
        "x",
        "Hosts",
    ];
    assert!(names.iter().all(|name| can_carry_secret(name.as_bytes())));
    let names = [
        "",
        "a b",
        "a:",
        "a\r\nb",
        "HOST",
        "content_length",
        "Connection",
        "Keep.Alive",
        "Expect",
        "Te",
        "Trailer",
        "Transfer-Encoding",
        "upgrade",
    ];
    assert!(!names.iter().any(|name| can_carry_secret(name.as_bytes())));
}
