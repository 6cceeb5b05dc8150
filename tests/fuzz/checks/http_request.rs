//! What must hold for any request that is written in HTTP/1.1: it is read as one request, framed as
//! its body is, and nothing that the client sent is taken for a fact.
//!
//! An input is a byte that chooses the framing, one that chooses what is told, and parts that end at
//! bytes 0xFF: method, path, query, protocol, server name, client address, user, certificate, name
//! and value of a variable, then names and values of headers.

use rjk_http1::request::{self, RequestError, Told};
use rjk_message::{Attributes, BodyLength, RequestHead};

/// Runs one input; panics when something does not hold.
pub fn check(input: &[u8]) {
    let [framing, told, rest @ ..] = input else {
        return;
    };
    let mut parts = rest.split(|byte| *byte == 0xFF);
    let mut part = || parts.next().unwrap_or_default();
    let (method, uri, query, protocol) = (part(), part(), part(), part());
    let (server_name, addr, user, cert) = (part(), part(), part(), part());
    let extra = [(part(), part())];
    let mut headers = Vec::new();
    while let Some(name) = parts.next() {
        headers.push((name, parts.next().unwrap_or_default()));
    }
    let head = RequestHead {
        method,
        protocol,
        uri,
        remote_addr: some(addr),
        remote_host: some(user),
        server_name,
        server_port: 8443,
        is_ssl: framing & 4 != 0,
        headers: &headers,
        body: match framing & 3 {
            0 => BodyLength::None,
            1 => BodyLength::Chunked,
            2 => BodyLength::Known(0),
            _ => BodyLength::Known(10),
        },
        attributes: Attributes {
            secret: some(user),
            remote_user: some(user),
            query: some(query),
            ssl_cert: some(cert),
            ssl_cipher: some(user),
            remote_port: some(addr),
            extra: &extra,
            ..Attributes::default()
        },
    };
    let told = Told {
        x_forwarded: told & 1 != 0,
        forwarded: told & 2 != 0,
        secret_header: (told & 4 != 0).then_some(b"X-Worker-Secret".as_slice()),
        websocket: told & 8 != 0,
        expect_continue: told & 16 != 0,
        decoded_path: told & 32 != 0,
    };
    let _ = check_head(&head, &told);
}

fn some(part: &[u8]) -> Option<&[u8]> {
    Some(part).filter(|part| !part.is_empty())
}

/// Writes one request and looks at it.
pub fn check_head(head: &RequestHead<'_>, told: &Told<'_>) -> Result<(), RequestError> {
    const BEFORE: &[u8] = b"before";
    let mut out = BEFORE.to_vec();
    let result = request::encode(head, told, &mut out);
    assert!(out.starts_with(BEFORE));
    let written = &out[BEFORE.len()..];
    if let Err(error) = &result {
        assert!(written.is_empty());
        assert_eq!(error.status(), 400);
        let message = error.to_string();
        assert!(!message.bytes().any(|byte| byte.is_ascii_control()));
        return result;
    }
    let mut storage = vec![httparse::EMPTY_HEADER; head.headers.len() + 64];
    let mut parsed = httparse::Request::new(&mut storage);
    let whole = httparse::Status::Complete(written.len());
    assert_eq!(parsed.parse(written), Ok(whole), "it is one request");
    assert_lines(written, parsed.headers.len());
    assert_eq!(parsed.version, Some(1));
    assert_eq!(parsed.method.map(str::as_bytes), Some(head.method));
    assert_target(head, parsed.path.unwrap_or_default().as_bytes());
    let fields: Vec<Field<'_>> = parsed
        .headers
        .iter()
        .map(|header| (header.name.as_bytes(), header.value))
        .collect();
    assert_framing(head, told, &fields);
    assert_facts(head, told, &fields);
    assert_kept(head, told, &fields);
    result
}

type Field<'a> = (&'a [u8], &'a [u8]);

/// httparse takes a bare LF for a line end and skips blanks: here nothing may be left to that.
fn assert_lines(written: &[u8], headers: usize) {
    let ends = written.iter().filter(|byte| **byte == b'\n').count();
    let returns = written.iter().filter(|byte| **byte == b'\r').count();
    let pairs = written.windows(2).filter(|two| *two == b"\r\n").count();
    assert!(ends == headers + 2 && returns == ends && pairs == ends);
    assert!(!written.contains(&0));
}

/// What the worker decodes is what httpd gave.
fn assert_target(head: &RequestHead<'_>, target: &[u8]) {
    assert!(
        target
            .iter()
            .all(|byte| byte.is_ascii_graphic() && *byte != b'#')
    );
    if target == b"*" {
        assert_eq!(
            (head.method, head.uri),
            (b"OPTIONS".as_slice(), b"*".as_slice())
        );
        return;
    }
    assert_eq!(target.first(), Some(&b'/'));
    let (path, query) = match target.iter().position(|byte| *byte == b'?') {
        Some(end) => (&target[..end], Some(&target[end + 1..])),
        None => (target, None),
    };
    assert_eq!(query.map(decoded), head.attributes.query.map(decoded));
    if head.uri.first() == Some(&b'/') {
        assert_eq!(decoded(path), decoded(head.uri));
    } else {
        assert!(head.uri.to_ascii_lowercase().starts_with(b"http"));
        assert!(path == b"/" || decoded(head.uri).ends_with(&decoded(path)));
    }
}

/// A `%` that no two digits follow stands for itself, here and there.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let hex = (byte == b'%').then(|| rest.get(1..3)).flatten();
        let hex = hex.filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let value = hex.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        out.push(value.unwrap_or(byte));
        rest = if value.is_some() { &rest[3..] } else { behind };
    }
    out
}

fn values<'a>(fields: &[Field<'a>], name: &str) -> Vec<&'a [u8]> {
    let wanted = folded(name.as_bytes());
    let all = fields.iter().filter(|(name, _)| folded(name) == wanted);
    all.map(|(_, value)| *value).collect()
}

/// Without case, and with any character that is neither letter nor digit taken for a dash.
fn folded(name: &[u8]) -> Vec<u8> {
    let fold = |byte: &u8| match byte.is_ascii_alphanumeric() {
        true => byte.to_ascii_lowercase(),
        false => b'-',
    };
    name.iter().map(fold).collect()
}

fn assert_framing(head: &RequestHead<'_>, told: &Told<'_>, fields: &[Field<'_>]) {
    let length: Vec<Vec<u8>> = match head.body {
        BodyLength::Known(length) => vec![length.to_string().into_bytes()],
        BodyLength::Chunked => vec![],
        BodyLength::None => match head.method {
            b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE" | b"DELETE" => vec![],
            _ => vec![b"0".to_vec()],
        },
    };
    let coding: &[&[u8]] = match head.body {
        BodyLength::Chunked => &[b"chunked"],
        _ => &[],
    };
    assert_eq!(values(fields, "Content-Length"), length);
    assert_eq!(values(fields, "Transfer-Encoding"), coding);
    for gone in [
        "TE",
        "Trailer",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
    ] {
        assert!(values(fields, gone).is_empty(), "{gone}");
    }
    let upgrade = told.websocket && request::asks_for_websocket(head);
    let expected: [&[&[u8]]; 2] = match upgrade {
        true => [&[b"Upgrade"], &[b"websocket"]],
        false => [&[b"keep-alive"], &[]],
    };
    assert_eq!(values(fields, "Connection"), expected[0]);
    assert_eq!(values(fields, "Upgrade"), expected[1]);
    let expect = values(fields, "Expect");
    assert!(expect.is_empty() || told.expect_continue && expect == [b"100-continue"]);
}

/// Each fact at most once, and as httpd knows it.
fn assert_facts(head: &RequestHead<'_>, told: &Told<'_>, fields: &[Field<'_>]) {
    let host = values(fields, "Host");
    assert_eq!(host.len(), 1);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~[]:".contains(byte);
    assert!(!host[0].is_empty() && host[0].iter().all(allowed));
    let told_x = |value| Some(value).filter(|_| told.x_forwarded);
    let scheme: &[u8] = if head.is_ssl { b"https" } else { b"http" };
    let proto = Vec::from_iter(told_x(scheme));
    assert_eq!(values(fields, "X-Forwarded-Proto"), proto);
    let named = Vec::from_iter(told_x(host[0]));
    assert_eq!(values(fields, "X-Forwarded-Host"), named);
    let forwarded = values(fields, "Forwarded");
    assert_eq!(forwarded.len(), usize::from(told.forwarded));
    let attributes = &head.attributes;
    let known: [(&str, Option<&[u8]>); 4] = [
        ("X-Forwarded-For", head.remote_addr.and_then(told_x)),
        ("ssl_cipher", attributes.ssl_cipher),
        ("ssl_session_id", attributes.ssl_session),
        ("ssl_secure_protocol", attributes.ssl_protocol),
    ];
    let secret = told
        .secret_header
        .map(|_| ("X-Worker-Secret", attributes.secret));
    for (name, expected) in known.into_iter().chain(secret) {
        // A value that a header cannot carry is not sent.
        let found = values(fields, name);
        assert!(
            found.is_empty() || found == Vec::from_iter(expected),
            "{name}"
        );
    }
    assert_own(attributes, fields);
    assert_certificate(attributes.ssl_cert, &values(fields, "ssl_client_cert"));
    assert!(values(fields, "ssl_client_escaped_cert").is_empty());
    let ports = values(fields, "X-Forwarded-Port").len();
    let of_group = |group: &str| {
        let names = fields.iter().map(|(name, _)| folded(name));
        names
            .filter(|name| name.starts_with(group.as_bytes()))
            .count()
    };
    let addresses = values(fields, "X-Forwarded-For").len();
    assert_eq!(ports, usize::from(told.x_forwarded));
    assert_eq!(
        of_group("x-forwarded"),
        proto.len() + named.len() + ports + addresses
    );
}

/// No header of this kind but ours, and their values can be had back.
fn assert_own(attributes: &Attributes<'_>, fields: &[Field<'_>]) {
    let known: [(&str, Option<&[u8]>); 6] = [
        ("X-Rjk-Activation", Some(attributes.activation)),
        ("X-Rjk-Remote-User", attributes.remote_user),
        ("X-Rjk-Auth-Type", attributes.auth_type),
        ("X-Rjk-Route", attributes.route),
        ("X-Rjk-Remote-Port", attributes.remote_port),
        ("X-Rjk-Local-Addr", attributes.local_addr),
    ];
    let mut count = values(fields, "X-Rjk-Remote-Host").len();
    for (name, expected) in known {
        let found: Vec<Vec<u8>> = values(fields, name).into_iter().map(decoded).collect();
        let is_optional = ["X-Rjk-Remote-Port", "X-Rjk-Local-Addr"].contains(&name);
        let is_missing = is_optional && found.is_empty();
        assert!(
            is_missing || found == Vec::from_iter(expected.and_then(some)),
            "{name}"
        );
        count += found.len();
    }
    let env = fields.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix(b"X-Rjk-Env-")?;
        Some((decoded(name), decoded(value)))
    });
    let env: Vec<(Vec<u8>, Vec<u8>)> = env.collect();
    let named = attributes.extra.iter().filter(|(name, _)| !name.is_empty());
    assert_eq!(
        env,
        Vec::from_iter(named.map(|(name, value)| (name.to_vec(), value.to_vec())))
    );
    let all = fields.iter().map(|(name, _)| folded(name));
    assert_eq!(
        all.filter(|name| name.starts_with(b"x-rjk-")).count(),
        count + env.len()
    );
}

fn assert_certificate(cert: Option<&[u8]>, found: &[&[u8]]) {
    let [value] = found else {
        return assert!(found.is_empty());
    };
    let words = |text: &[u8]| {
        let words = text.split(u8::is_ascii_whitespace);
        words
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(&b' ')
    };
    assert_eq!(words(value), *value, "one blank between two lines");
    let squeezed = |text: &[u8]| {
        let mut text = text.to_vec();
        text.retain(|byte| !byte.is_ascii_whitespace());
        text
    };
    assert!(squeezed(cert.unwrap_or_default()).starts_with(&squeezed(value)));
}

/// Of the client's headers all are there, in order and unchanged, that are not of this connection, are
/// no fact, and are not named by `Connection`.
fn assert_kept(head: &RequestHead<'_>, told: &Told<'_>, fields: &[Field<'_>]) {
    let mut rest = fields.iter();
    for &(name, value) in head.headers {
        let near = folded(name);
        let is_group = |group: &&str| near.starts_with(group.as_bytes());
        let is_secret = told.secret_header.is_some() && near == b"x-worker-secret";
        let is_named = head.headers.iter().any(|(connection, options)| {
            let lower = name.to_ascii_lowercase();
            let options = options.to_ascii_lowercase();
            connection.eq_ignore_ascii_case(b"Connection")
                && options.windows(lower.len()).any(|part| part == lower)
        });
        if is_secret
            || is_named
            || ["x-forwarded", "x-rjk-"].iter().any(is_group)
            || GONE.iter().any(|gone| near == gone.as_bytes())
        {
            continue;
        }
        let trimmed = |value: &[u8]| {
            let is_text = |byte: &u8| !b" \t".contains(byte);
            let start = value.iter().position(is_text).unwrap_or(value.len());
            let end = value
                .iter()
                .rposition(is_text)
                .map_or(start, |last| last + 1);
            value[start..end].to_vec()
        };
        assert!(
            rest.any(|(kept, sent)| *kept == name && *sent == trimmed(value)),
            "{} is not passed on",
            name.escape_ascii()
        );
    }
}

/// Removed, or written anew.
const GONE: [&str; 31] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "front-end-https",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-auth-cert",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-client-ip",
    "proxy-connection",
    "proxy-ssl-id",
    "ssl-cipher",
    "ssl-cipher-usekeysize",
    "ssl-client-cert",
    "ssl-client-escaped-cert",
    "ssl-secure-protocol",
    "ssl-session-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "wl-proxy-client-ip",
    "wl-proxy-ssl",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-proxied-https",
    "x-real-ip",
    "x-url-scheme",
];
