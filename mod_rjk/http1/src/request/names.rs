//! Names of headers: which of the client's go, and which cannot be made to go.

/// What is done with a header of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is passed on unless `Connection` names it.
    Kept,
    /// It is passed on even if `Connection` names it.
    Indispensable,
    /// It is not passed on: it is about this connection, or a fact travels by this name, or it is
    /// written anew.
    Removed,
}

/// What is done with a header of this name.
///
/// A name counts as another one that differs in case only or in the characters between its words:
/// what reads `X_Forwarded_For` as `X-Forwarded-For` is found behind many a worker.
pub(super) fn fate(name: &[u8]) -> Fate {
    if is_removed(name) {
        Fate::Removed
    } else if is_indispensable(name) {
        Fate::Indispensable
    } else {
        Fate::Kept
    }
}

/// Whether two names count as the same.
pub(super) fn is_near(name: &[u8], other: &[u8]) -> bool {
    name.len() == other.len() && begins_near(name, other)
}

fn begins_near(name: &[u8], beginning: &[u8]) -> bool {
    name.len() >= beginning.len()
        && name
            .iter()
            .zip(beginning)
            .all(|(a, b)| folded(*a) == folded(*b))
}

fn folded(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte.to_ascii_lowercase(),
        b'a'..=b'z' | b'0'..=b'9' => byte,
        _ => b'-',
    }
}

/// Sorted by length, so that a name is compared with the few of its length and first letter.
fn is_removed(name: &[u8]) -> bool {
    let Some(first) = name.first().map(|byte| folded(*byte)) else {
        return false;
    };
    let same_length: &[&[u8]] = match name.len() {
        2 => &[b"te"],
        4 => &[b"host"],
        6 => &[b"expect"],
        7 => &[b"trailer", b"upgrade"],
        9 => &[b"forwarded", b"x-real-ip"],
        10 => &[b"connection", b"keep-alive", b"ssl-cipher"],
        11 => &[b"x-client-ip"],
        12 => &[b"proxy-ssl-id", b"wl-proxy-ssl", b"x-url-scheme"],
        14 => &[b"content-length", b"http2-settings", b"ssl-session-id"],
        15 => &[
            b"front-end-https",
            b"proxy-auth-cert",
            b"proxy-client-ip",
            b"ssl-client-cert",
            b"x-proxied-https",
        ],
        16 => &[b"proxy-connection"],
        17 => &[b"transfer-encoding"],
        18 => &[b"proxy-authenticate", b"wl-proxy-client-ip"],
        19 => &[
            b"proxy-authorization",
            b"ssl-secure-protocol",
            b"x-cluster-client-ip",
        ],
        21 => &[b"ssl-cipher-usekeysize"],
        23 => &[b"ssl-client-escaped-cert"],
        _ => &[],
    };
    same_length
        .iter()
        .any(|known| known.first() == Some(&first) && is_near(name, known))
        || first == b'x' && (begins_near(name, b"x-forwarded") || begins_near(name, b"x-rjk-"))
}

/// Without these a request means something else, to httpd's own modules or to the worker. A client
/// that does not want them passed on need not send them: naming them in `Connection` can only serve
/// to remove what somebody in between added (CVE-2022-31813).
fn is_indispensable(name: &[u8]) -> bool {
    const EXACT: [&[u8]; 6] = [
        b"authorization",
        b"cache-control",
        b"cookie",
        b"origin",
        b"range",
        b"referer",
    ];
    const BEGINNINGS: [&[u8]; 4] = [b"accept", b"content-", b"if-", b"sec-"];
    let begins = |beginning: &&[u8]| {
        name.get(..beginning.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(beginning))
    };
    BEGINNINGS.iter().any(begins) || EXACT.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| is_token_byte(*byte))
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
