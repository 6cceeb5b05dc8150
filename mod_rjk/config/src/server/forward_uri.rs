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
            ForwardUri::Proxy => encode(decoded, b"0123456789ABCDEF"),
            ForwardUri::Escaped => encode(decoded, b"0123456789abcdef"),
            ForwardUri::Compat => Cow::Borrowed(decoded),
            ForwardUri::CompatUnparsed => {
                let end = unparsed
                    .iter()
                    .position(|byte| *byte == b'?')
                    .unwrap_or(unparsed.len());
                Cow::Borrowed(&unparsed[..end])
            }
        }
    }
}

/// Percent-encodes what is not plain in a path; both encoding forms keep the same bytes.
fn encode<'a>(path: &'a [u8], digits: &[u8; 16]) -> Cow<'a, [u8]> {
    let Some(first) = path.iter().position(|byte| !is_plain(*byte)) else {
        return Cow::Borrowed(path);
    };
    let mut out = Vec::with_capacity(path.len() + 16);
    out.extend_from_slice(&path[..first]);
    for &byte in &path[first..] {
        if is_plain(byte) {
            out.push(byte);
        } else {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out.extend_from_slice(&[b'%', digits[high], digits[low]]);
        }
    }
    Cow::Owned(out)
}

/// The bytes that O-01 keeps; httpd's path escaping keeps exactly the same set.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/~$-_.+!*'(),;:@&=".contains(&byte)
}

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
}
