//! The form of a request's path that is sent to Tomcat.

use std::borrow::Cow;

/// Which form of the path Tomcat gets: the `ForwardURI…` group of `JkOptions` (contract O-01…O-04).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardUri {
    /// O-01: the decoded path, encoded again with upper-case hex.
    #[default]
    Proxy,
    /// O-02: the decoded path as it is.
    Compat,
    /// O-03: the request target as the client sent it, up to `?`.
    CompatUnparsed,
    /// O-04: the decoded path, encoded as httpd's `ap_escape_uri` does it, with lower-case hex.
    Escaped,
}

impl ForwardUri {
    /// The path to send: `decoded` is httpd's path before normalisation, `unparsed` the request target.
    pub fn apply<'a>(self, decoded: &'a [u8], unparsed: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            ForwardUri::Compat => Cow::Borrowed(decoded),
            ForwardUri::CompatUnparsed => Cow::Borrowed(without_query(unparsed)),
            ForwardUri::Proxy | ForwardUri::Escaped => self.encode(decoded, &[]),
        }
    }

    /// As [`ForwardUri::apply`] where httpd decodes all but `%2F` (`AllowEncodedSlashes NoDecode`): what
    /// it kept stays as it is, in every form.
    ///
    /// `raws` are forms of the path that may be the one that httpd decoded. A `%2F` that came as `%252F`
    /// looks the same in `decoded`; only the right form tells them apart, and without it, for a path
    /// that httpd was told to rewrite, each one counts as kept.
    pub fn apply_keeping_slashes<'a>(
        self,
        decoded: &'a [u8],
        unparsed: &'a [u8],
        raws: &[&[u8]],
    ) -> Cow<'a, [u8]> {
        match self {
            ForwardUri::Proxy | ForwardUri::Escaped => {
                let known = raws.iter().find_map(|raw| kept_slashes(raw, decoded));
                let kept = known.unwrap_or_else(|| all_slashes(decoded));
                self.encode(decoded, &kept)
            }
            _ => self.apply(decoded, unparsed),
        }
    }

    /// Percent-encodes what is not plain in a path, but for the `%` at the places in `kept`, in order; both
    /// encoding forms keep the same bytes.
    fn encode<'a>(self, path: &'a [u8], kept: &[usize]) -> Cow<'a, [u8]> {
        let digits = match self {
            ForwardUri::Escaped => b"0123456789abcdef",
            _ => b"0123456789ABCDEF",
        };
        let Some(first) = path.iter().position(|byte| !is_plain(*byte)) else {
            return Cow::Borrowed(path);
        };
        let mut out = Vec::with_capacity(path.len() + 16);
        out.extend_from_slice(&path[..first]);
        for (place, &byte) in path.iter().enumerate().skip(first) {
            if is_plain(byte) || kept.binary_search(&place).is_ok() {
                out.push(byte);
            } else {
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                out.extend_from_slice(&[b'%', digits[high], digits[low]]);
            }
        }
        Cow::Owned(out)
    }
}

/// The path of a request target: without query, and without scheme and host.
pub fn path_of(target: &[u8]) -> &[u8] {
    let target = without_query(target);
    if target.first() == Some(&b'/') {
        return target;
    }
    let host = target.windows(3).position(|three| three == b"://");
    let path = host.and_then(|host| {
        let behind = target[host + 3..].iter().position(|byte| *byte == b'/')?;
        Some(&target[host + 3 + behind..])
    });
    path.unwrap_or(target)
}

fn without_query(target: &[u8]) -> &[u8] {
    target.split(|byte| *byte == b'?').next().unwrap_or(target)
}

/// Where in `decoded` an encoded slash of `raw` stands, if that is what `raw` decodes to.
fn kept_slashes(raw: &[u8], decoded: &[u8]) -> Option<Vec<usize>> {
    let (mut out, mut kept) = (Vec::with_capacity(raw.len()), Vec::new());
    let mut rest = raw;
    while let Some((&byte, behind)) = rest.split_first() {
        match (byte, behind) {
            (b'%', [b'2', b'F' | b'f', ..]) => {
                kept.push(out.len());
                out.extend_from_slice(&rest[..3]);
                rest = &rest[3..];
            }
            (b'%', [high, low, ..]) => {
                out.push(hex(*high)? << 4 | hex(*low)?);
                rest = &rest[3..];
            }
            _ => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    (out == decoded).then_some(kept)
}

/// Where any encoded slash stands.
fn all_slashes(path: &[u8]) -> Vec<usize> {
    let found = path.windows(3).enumerate();
    found
        .filter(|(_, three)| three.eq_ignore_ascii_case(b"%2F"))
        .map(|(place, _)| place)
        .collect()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// The bytes that O-01 keeps; httpd's path escaping keeps exactly the same set.
fn is_plain(byte: u8) -> bool {
    PLAIN[usize::from(byte)]
}

static PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"/~$-_.+!*'(),;:@&=";
    let mut next = 0;
    while next < others.len() {
        table[others[next] as usize] = true;
        next += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uri_map::normalize;

    /// The U table: decoded path, request target, then Proxy, CompatUnparsed, Compat, Escaped.
    type Row = (
        &'static str,
        &'static [u8],
        &'static str,
        [&'static [u8]; 4],
    );

    const U_TABLE: &[Row] = &[
        (
            "U-01",
            b"/app/a b/c",
            "/app/a%20b/c",
            [
                b"/app/a%20b/c",
                b"/app/a%20b/c",
                b"/app/a b/c",
                b"/app/a%20b/c",
            ],
        ),
        (
            "U-02",
            b"/app/a;jsessionid=1.m1",
            "/app/a;jsessionid=1.m1",
            [b"/app/a;jsessionid=1.m1"; 4],
        ),
        (
            "U-03",
            b"/app/a;x=1/b",
            "/app/a%3Bx=1/b",
            [
                b"/app/a;x=1/b",
                b"/app/a%3Bx=1/b",
                b"/app/a;x=1/b",
                b"/app/a;x=1/b",
            ],
        ),
        (
            "U-04",
            b"/app/b",
            "/app//b",
            [b"/app/b", b"/app//b", b"/app/b", b"/app/b"],
        ),
        (
            "U-05",
            b"/app/y",
            "/app/x/../y",
            [b"/app/y", b"/app/x/../y", b"/app/y", b"/app/y"],
        ),
        (
            "U-06",
            b"/app/y",
            "/app/%2e%2e/app/y",
            [b"/app/y", b"/app/%2e%2e/app/y", b"/app/y", b"/app/y"],
        ),
        (
            "U-07",
            b"/app/a%b",
            "/app/a%25b",
            [b"/app/a%25b", b"/app/a%25b", b"/app/a%b", b"/app/a%25b"],
        ),
        (
            "U-08",
            b"/app/a\\b",
            "/app/a%5Cb",
            [b"/app/a%5Cb", b"/app/a%5Cb", b"/app/a\\b", b"/app/a%5cb"],
        ),
        (
            "U-09",
            b"/app/\xe4\xf6",
            "/app/%E4%F6",
            [
                b"/app/%E4%F6",
                b"/app/%E4%F6",
                b"/app/\xe4\xf6",
                b"/app/%e4%f6",
            ],
        ),
        (
            "U-10",
            b"/app/a?b",
            "/app/a%3Fb",
            [b"/app/a%3Fb", b"/app/a%3Fb", b"/app/a?b", b"/app/a%3fb"],
        ),
        (
            "U-11",
            b"/app/a#b",
            "/app/a%23b",
            [b"/app/a%23b", b"/app/a%23b", b"/app/a#b", b"/app/a%23b"],
        ),
        (
            "U-12",
            b"/app/a|b",
            "/app/a|b",
            [b"/app/a%7Cb", b"/app/a|b", b"/app/a|b", b"/app/a%7cb"],
        ),
        (
            "U-13",
            b"/app/a&b=c+d~e",
            "/app/a&b=c+d~e",
            [b"/app/a&b=c+d~e"; 4],
        ),
        (
            "U-13",
            b"/app/a,b:c@d",
            "/app/a,b:c@d",
            [b"/app/a,b:c@d"; 4],
        ),
        (
            "U-13",
            b"/app/a'(b)*!",
            "/app/a'(b)*!",
            [b"/app/a'(b)*!"; 4],
        ),
        (
            "U-14",
            b"/app/new/p q",
            "/app/rw/p%20q",
            [
                b"/app/new/p%20q",
                b"/app/rw/p%20q",
                b"/app/new/p q",
                b"/app/new/p%20q",
            ],
        ),
        ("U-15", b"/app/a", "/app/a?q=%20x&y", [b"/app/a"; 4]),
        (
            "U-16",
            b"/app/..;/app/q",
            "/app/..;/app/q",
            [b"/app/..;/app/q"; 4],
        ),
    ];

    #[test]
    fn u01_to_u16_forwarded_forms() {
        use ForwardUri::{Compat, CompatUnparsed, Escaped, Proxy};
        for (row, decoded, unparsed, expected) in U_TABLE {
            for (form, wanted) in [Proxy, CompatUnparsed, Compat, Escaped]
                .iter()
                .zip(expected)
            {
                let sent = form.apply(decoded, unparsed.as_bytes());
                assert_eq!(sent.as_ref(), *wanted, "{row} {form:?}");
            }
        }
    }

    #[test]
    fn cv03_cv04_no_double_decoding_and_no_bare_backslash() {
        // `/app/%252e%252e/admin` and `/app/..%5Cadmin`, each decoded once by httpd
        let twice = ForwardUri::Proxy.apply(b"/app/%2e%2e/admin", b"");
        assert_eq!(twice.as_ref(), b"/app/%252e%252e/admin");
        let matched = normalize(b"/app/%2e%2e/admin");
        assert_eq!(matched.as_deref(), Ok(&b"/app/%2e%2e/admin"[..]));
        assert_eq!(
            ForwardUri::Proxy.apply(b"/app/..\\admin", b"").as_ref(),
            b"/app/..%5Cadmin"
        );
    }

    #[test]
    fn o01_every_byte_survives_one_decoding() {
        let all: Vec<u8> = (0..=255).collect();
        for form in [ForwardUri::Proxy, ForwardUri::Escaped] {
            let sent = form.apply(&all, b"");
            let text = std::str::from_utf8(&sent).unwrap();
            let mut decoded = Vec::new();
            let mut bytes = text.bytes();
            while let Some(byte) = bytes.next() {
                if byte == b'%' {
                    let hex: String = bytes.by_ref().take(2).map(char::from).collect();
                    decoded.push(u8::from_str_radix(&hex, 16).unwrap());
                } else {
                    decoded.push(byte);
                }
            }
            assert_eq!(decoded, all);
        }
    }

    /// A path that httpd decoded with `AllowEncodedSlashes NoDecode`, the form that it decoded, and
    /// what Tomcat gets with ForwardURIProxy and with ForwardURIEscaped.
    const KEPT: &[[&str; 4]] = &[
        ["/a%2Fb", "/a%2Fb", "/a%2Fb", "/a%2Fb"],
        ["/a%2fb", "/a%2fb", "/a%2fb", "/a%2fb"],
        ["/a%2Fb", "/a%252Fb", "/a%252Fb", "/a%252Fb"],
        [
            "/%2F%2F%2F",
            "/%252F%2F%252F",
            "/%252F%2F%252F",
            "/%252F%2F%252F",
        ],
        ["/a%b", "/a%25b", "/a%25b", "/a%25b"],
        ["/a|%2Fb;c", "/a%7C%2Fb%3Bc", "/a%7C%2Fb;c", "/a%7c%2Fb;c"],
        // Rewritten: nothing tells where it came from.
        ["/b%2Fc", "/a%252Fc", "/b%2Fc", "/b%2Fc"],
    ];

    #[test]
    fn kept_slashes_stay_encoded_once() {
        for [decoded, raw, proxy, escaped] in KEPT {
            let [decoded, raw] = [decoded.as_bytes(), raw.as_bytes()];
            for (form, expected) in [(ForwardUri::Proxy, proxy), (ForwardUri::Escaped, escaped)] {
                let sent = form.apply_keeping_slashes(decoded, raw, &[b"/other", raw]);
                assert_eq!(String::from_utf8_lossy(&sent), **expected);
            }
            let sent = ForwardUri::Compat.apply_keeping_slashes(decoded, raw, &[raw]);
            assert_eq!(sent, decoded);
        }
    }

    #[test]
    fn the_path_of_a_target() {
        for (target, path) in [
            ("/a?b", "/a"),
            ("http://h:80/a/b?c=/d", "/a/b"),
            ("http://h", "http://h"),
            ("*", "*"),
        ] {
            assert_eq!(path_of(target.as_bytes()), path.as_bytes());
        }
    }
}
