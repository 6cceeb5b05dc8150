//! Names of headers: which of the client's go, and which cannot be made to go.

use super::bytes::TOKEN;

/// Whether the client's headers of this name go: they are about this connection, a fact travels by
/// this name, or it is written anew.
///
/// The names are those by which a fact is sent here, and those by which the readers of such facts
/// (valves of Tomcat, Jetty, Undertow, WebLogic's plug-in) look for one. A name counts as another one
/// that differs in case only or in the characters between its words: what reads `X_Forwarded_For` as
/// `X-Forwarded-For` is found behind many a worker.
pub fn is_removed(name: &[u8]) -> bool {
    let Some(first) = name.first().map(|byte| folded(*byte)) else {
        return false;
    };
    let same_length = removed_of_length(name.len());
    same_length
        .iter()
        .any(|known| known.first() == Some(&first) && is_near(name, known))
        || first == b'x' && (begins_near(name, b"x-forwarded") || begins_near(name, b"x-rjk-"))
}

/// Whether the secret can travel by this name without changing where the message ends or what it is.
/// Names with another meaning are refused with the configuration.
pub(crate) fn can_carry_secret(name: &[u8]) -> bool {
    const OF_THE_MESSAGE: [&[u8]; 9] = [
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ];
    TOKEN.make_up(name) && !OF_THE_MESSAGE.iter().any(|taken| is_near(name, taken))
}

/// So that a name is compared with the few of its length, and of them with those of its first letter.
fn removed_of_length(length: usize) -> &'static [&'static [u8]] {
    match length {
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
    }
}

/// Whether an option of `Connection` can remove the headers of its name.
///
/// Without some headers a request means something else, to httpd's own modules or to the worker. A
/// client that does not want them passed on need not send them: to name them can only serve to remove
/// what somebody in between added (CVE-2022-31813).
pub(super) fn is_removable(option: &[u8]) -> bool {
    const KEPT: [&[u8]; 7] = [
        b"authorization",
        b"cache-control",
        b"cookie",
        b"origin",
        b"range",
        b"referer",
        b"user-agent",
    ];
    const KEPT_BEGINNINGS: [&[u8]; 4] = [b"accept", b"content-", b"if-", b"sec-"];
    let begins = |beginning: &&[u8]| {
        let start = option.get(..beginning.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(beginning))
    };
    // The options of almost every request name no header, or one that goes in any case.
    let means_nothing = option.is_empty() || option.eq_ignore_ascii_case(b"close");
    !(means_nothing
        || is_removed(option)
        || KEPT.iter().any(|kept| option.eq_ignore_ascii_case(kept))
        || KEPT_BEGINNINGS.iter().any(begins))
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

#[cfg(test)]
mod tests;
