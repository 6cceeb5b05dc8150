//! Whatever request is written, it is read as one: tests/fuzz says what has to hold.

use proptest::prelude::*;
use rjk_http1::request::Told;
use rjk_message::{Attributes, BodyLength, RequestHead};
use std::io;
use std::path::Path;

#[path = "../../../tests/fuzz/checks/http_request.rs"]
mod http_request;

use http_request::check_head;

#[test]
fn corpus() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/http_request");
    let mut count = 0;
    for file in std::fs::read_dir(root)? {
        let path = file?.path();
        println!("{}", path.display());
        http_request::check(&std::fs::read(path)?);
        count += 1;
    }
    assert!(count > 10, "only {count} files");
    Ok(())
}

/// Names that mean something, here or at the worker.
const NAMES: [&str; 54] = [
    "Accept",
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Expect",
    "Forwarded",
    "Front-End-Https",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Proxy-Auth-Cert",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Client-IP",
    "Proxy-Connection",
    "Proxy-SSL-Id",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "SSL",
    "ssl_cipher",
    "ssl_cipher_usekeysize",
    "ssl_client_cert",
    "ssl_client_escaped_cert",
    "ssl_secure_protocol",
    "ssl_session_id",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "WL-Proxy-Client-IP",
    "WL-Proxy-SSL",
    "X",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Forward",
    "X-Forwarded",
    "X-Forwarded-By",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Proxied-Https",
    "X-Real-IP",
    "X-Rjk",
    "X-Rjk-Activation",
    "X-Rjk-Env-SSL_CLIENT_S_DN",
    "X-Rjk-Remote-User",
    "X-Url-Scheme",
    "X-Worker-Secret",
];

/// One of them, with some of its letters in the other case, some of its dashes something else, and
/// now and then a letter too many or too few.
fn near_name() -> impl Strategy<Value = Vec<u8>> {
    let spelling = prop::collection::vec(any::<u8>(), 26);
    (0..NAMES.len(), spelling, 0_u8..10).prop_map(|(which, spelling, change)| {
        let spelled =
            NAMES[which]
                .bytes()
                .zip(&spelling)
                .map(|(byte, choice)| match (byte, choice % 4) {
                    (b'-' | b'_', 1) => b'_',
                    (b'-' | b'_', 2) => b'-',
                    (b'-' | b'_', 3) => b'.',
                    (byte, 1) => byte.to_ascii_uppercase(),
                    (byte, 2) => byte.to_ascii_lowercase(),
                    (byte, _) => byte,
                });
        let mut name: Vec<u8> = spelled.collect();
        match change {
            0 => name.push(b'x'),
            1 if name.len() > 1 => drop(name.pop()),
            2 => name.push(b'-'),
            _ => {}
        }
        name
    })
}

/// What a client may send as a value; `any_byte` brings those that it may not.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "close",
        "keep-alive, X-Forwarded-For, Host",
        "Upgrade",
        "websocket",
        "100-continue",
        "chunked",
        "0",
        "7",
        "https",
        "10.9.8.7",
        "a\t b",
        "",
    ];
    prop_oneof![
        8 => prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        2 => near_name(),
        2 => prop::collection::vec(prop_oneof![b' '..=b'~', 0x80..=0xFF_u8], 0..20),
    ]
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(&b"\0\r\n \t#?%/:@\"\\\x7F\x80;&+*"[..]);
    prop::collection::vec(
        prop_oneof![4 => odd, 2 => any::<u8>(), 8 => b'a'..=b'z'],
        0..16,
    )
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    any_bytes().prop_map(|mut path| {
        path.insert(0, b'/');
        path
    })
}

fn body() -> impl Strategy<Value = BodyLength> {
    prop_oneof![
        Just(BodyLength::None),
        Just(BodyLength::Chunked),
        any::<u64>().prop_map(BodyLength::Known),
    ]
}

fn told() -> impl Strategy<Value = Told<'static>> {
    any::<[bool; 6]>().prop_map(
        |[
            x_forwarded,
            forwarded,
            secret,
            websocket,
            expect_continue,
            decoded_path,
        ]| Told {
            x_forwarded,
            forwarded,
            secret_header: secret.then_some(b"X-Worker-Secret"),
            websocket,
            expect_continue,
            decoded_path,
        },
    )
}

/// Mostly with a Host before the others.
fn headers() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let others = prop::collection::vec((near_name(), value()), 0..12);
    (others, 0_u8..4).prop_map(|(mut headers, host)| {
        if host > 0 {
            headers.insert(0, (b"Host".to_vec(), b"www.example:8080".to_vec()));
        }
        headers
    })
}

/// A request that httpd could hand over, all but its facts.
#[derive(Clone, Debug)]
struct Sent {
    method: &'static str,
    protocol: &'static str,
    uri: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: BodyLength,
    is_ssl: bool,
}

fn sent() -> impl Strategy<Value = Sent> {
    let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "get",
    ];
    let protocols = ["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"];
    (
        prop::sample::select(methods.to_vec()),
        prop::sample::select(protocols.to_vec()),
        path(),
        prop::option::of(any_bytes()),
        headers(),
        body(),
        any::<bool>(),
    )
        .prop_map(
            |(method, protocol, uri, query, headers, body, is_ssl)| Sent {
                method,
                protocol,
                uri,
                query,
                headers,
                body,
                is_ssl,
            },
        )
}

fn with_head<T>(sent: &Sent, facts: &Facts, run: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let headers = borrowed(&sent.headers);
    let extra = borrowed(&facts.env);
    run(&RequestHead {
        method: sent.method.as_bytes(),
        protocol: sent.protocol.as_bytes(),
        uri: &sent.uri,
        remote_addr: facts.addr.as_deref(),
        remote_host: None,
        server_name: b"www.example",
        server_port: 443,
        is_ssl: sent.is_ssl,
        headers: &headers,
        body: sent.body,
        attributes: Attributes {
            secret: facts.secret.as_deref(),
            remote_user: facts.user.as_deref(),
            auth_type: facts.user.as_deref(),
            query: sent.query.as_deref(),
            route: Some(b"was1"),
            ssl_cert: facts.cert.as_deref(),
            ssl_cipher: facts.user.as_deref(),
            ssl_session: facts.secret.as_deref(),
            ssl_key_size: Some(256),
            ssl_protocol: Some(b"TLSv1.3"),
            extra: &extra,
            ..Attributes::default()
        },
    })
}

fn borrowed(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&[u8], &[u8])> {
    let pairs = pairs.iter();
    pairs.map(|(name, value)| (&name[..], &value[..])).collect()
}

#[derive(Clone, Debug)]
struct Facts {
    addr: Option<Vec<u8>>,
    user: Option<Vec<u8>>,
    secret: Option<Vec<u8>>,
    cert: Option<Vec<u8>>,
    env: Vec<(Vec<u8>, Vec<u8>)>,
}

fn facts() -> impl Strategy<Value = Facts> {
    let some = || prop::option::of(any_bytes());
    let env = prop::collection::vec((any_bytes(), any_bytes()), 0..3);
    (some(), some(), some(), some(), env).prop_map(|(addr, user, secret, cert, env)| Facts {
        addr,
        user,
        secret,
        cert,
        env,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_a_client_sends_is_read_as_one_request(sent in sent(), facts in facts(), told in told()) {
        let mut hosts = sent.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"Host"));
        let is_host = hosts.next().is_none_or(|(_, host)| host == b"www.example:8080");
        let is_sound = is_host && hosts.next().is_none() && !sent.uri.iter().any(|byte| b"\0#".contains(byte))
            && !sent.query.iter().flatten().any(|byte| *byte == 0);
        let result = with_head(&sent, &facts, |head| check_head(head, &told));
        prop_assert!(!is_sound || result.is_ok(), "{:?}", result);
    }

    #[test]
    fn whatever_comes_in_is_refused_or_read_as_one_request(
        parts in prop::collection::vec(any_bytes(), 4..30), flags in any::<[u8; 2]>()
    ) {
        let mut input = flags.to_vec();
        input.extend(parts.join(&0xFF));
        http_request::check(&input);
    }
}
