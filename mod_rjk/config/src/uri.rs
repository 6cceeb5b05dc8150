//! The two forms of a request's path: the normalised one that mounts are matched against, and the
//! one that is sent to Tomcat.
//!
//! Matching and forwarding part ways on purpose (contract rows G-05, N-06): what decides is the
//! path that Tomcat will see once it has dropped parameters and dot segments, what is sent keeps them.

use std::borrow::Cow;
use thiserror::Error;

/// Longest normalised path, in bytes, that is matched against the mounts (contract M-08, CV-02).
pub const MAX_MATCHED: usize = 4095;

/// Why a path cannot be normalised; the request is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UriError {
    /// N-01: neither `*` nor a path that starts with `/`.
    #[error("the path does not start with '/'")]
    NotAbsolute,
    /// N-05: a `..` segment leads above the root.
    #[error("the path leads above the root")]
    AboveRoot,
}

/// The form of a path that mounts are matched against (contract N-01…N-07).
///
/// `decoded` is httpd's path, percent-decoded once. Path parameters go, runs of `/` become one,
/// `.` and `..` segments are resolved. Nothing is decoded again. The literal `*` passes as it is.
pub fn normalize(decoded: &[u8]) -> Result<Cow<'_, [u8]>, UriError> {
    if decoded == b"*" {
        return Ok(Cow::Borrowed(decoded));
    }
    let Some((b'/', path)) = decoded.split_first() else {
        return Err(UriError::NotAbsolute);
    };
    if is_normal(path) {
        return Ok(Cow::Borrowed(decoded));
    }
    resolve_segments(path).map(Cow::Owned)
}

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

/// Whether there is nothing to resolve, so that most requests allocate nothing; without the first `/`.
fn is_normal(path: &[u8]) -> bool {
    let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
    let mut segments = path.rsplit(|byte| *byte == b'/');
    !path.contains(&b';')
        && segments.next().is_none_or(|last| !is_dots(last))
        && segments.all(|segment| !segment.is_empty() && !is_dots(segment))
}

/// N-02…N-05 in one pass: each segment loses its parameters first, so that `..;x` counts as `..`.
fn resolve_segments(path: &[u8]) -> Result<Vec<u8>, UriError> {
    let mut out = Vec::with_capacity(path.len() + 1);
    let mut is_directory = true;
    for segment in path.split(|byte| *byte == b'/') {
        let name = segment
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        is_directory = true;
        match name {
            b"" | b"." => {}
            b".." => {
                let parent = out.iter().rposition(|byte| *byte == b'/');
                out.truncate(parent.ok_or(UriError::AboveRoot)?);
            }
            _ => {
                out.push(b'/');
                out.extend_from_slice(name);
                is_directory = false;
            }
        }
    }
    if is_directory {
        out.push(b'/');
    }
    Ok(out)
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
    use proptest::prelude::*;

    fn normal(path: &str) -> String {
        String::from_utf8(normalize(path.as_bytes()).unwrap().into_owned()).unwrap()
    }

    #[test]
    fn n01_only_absolute_paths_and_the_star() {
        assert_eq!(normalize(b"foo"), Err(UriError::NotAbsolute));
        assert_eq!(normalize(b""), Err(UriError::NotAbsolute));
        assert_eq!(normalize(b"*/x"), Err(UriError::NotAbsolute));
        assert_eq!(normalize(b"http://h/x"), Err(UriError::NotAbsolute));
        assert_eq!(normal("*"), "*");
    }

    #[test]
    fn n02_to_n07_table() {
        for (path, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            // N-02
            ("/a;x=1/b;y", "/a/b"),
            ("/a/;x", "/a/"),
            ("/;x/a", "/a"),
            ("/a;b;c=d;/e", "/a/e"),
            // N-03
            ("/a///b", "/a/b"),
            ("//a/priv/x", "/a/priv/x"),
            ("/a//", "/a/"),
            // N-04
            ("/a/./b/.", "/a/b/"),
            ("/.", "/"),
            ("/./a", "/a"),
            ("/.;x/a", "/a"),
            // N-05
            ("/a/../b", "/b"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a//../b", "/b"),
            ("/a/b/../../c", "/c"),
            // N-06
            ("/app/..;/x", "/x"),
            ("/app/..;/app/q", "/app/q"),
            // names that only look like dot segments
            ("/.a/..b/c./d../...", "/.a/..b/c./d../..."),
            // N-07
            ("/a%2e%2e/%3b/\\..\\/Ä", "/a%2e%2e/%3b/\\..\\/Ä"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
    }

    #[test]
    fn n05_cv09_above_the_root() {
        for path in [
            "/..",
            "/../x",
            "/..;/x",
            "/..;a=b/",
            "/a/../..",
            "/a/..;/..;/",
            "//..",
            "/./..",
        ] {
            assert_eq!(
                normalize(path.as_bytes()),
                Err(UriError::AboveRoot),
                "{path}"
            );
        }
    }

    #[test]
    fn a_normal_path_is_borrowed() {
        assert!(matches!(
            normalize(b"/app/.x/..y/z.jsp"),
            Ok(Cow::Borrowed(_))
        ));
    }

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
        assert_eq!(normal("/app/%2e%2e/admin"), "/app/%2e%2e/admin");
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

    proptest! {
        #[test]
        fn normalize_is_idempotent_and_leaves_nothing_behind(path in "/[a;./]{0,24}") {
            if let Ok(once) = normalize(path.as_bytes()) {
                let text = String::from_utf8(once.to_vec()).unwrap();
                prop_assert!(text.starts_with('/'));
                for odd in ["//", "/./", "/../", ";"] {
                    prop_assert!(!text.contains(odd), "{} has {}", text, odd);
                }
                prop_assert!(!text.ends_with("/.") && !text.ends_with("/.."));
                prop_assert_eq!(normalize(&once).unwrap(), Cow::Borrowed(text.as_bytes()));
            }
        }

        /// The four passes of the contract, one after the other, as an oracle.
        #[test]
        fn n06_one_pass_equals_the_four_passes(path in "/[ab;./]{0,24}") {
            prop_assert_eq!(normalize(path.as_bytes()).ok().map(Cow::into_owned), four_passes(&path));
        }
    }

    fn four_passes(path: &str) -> Option<Vec<u8>> {
        let bare: Vec<&str> = path
            .split('/')
            .map(|segment| segment.split(';').next().unwrap())
            .collect();
        let mut text = bare.join("/");
        while text.contains("//") {
            text = text.replace("//", "/");
        }
        while text.contains("/./") {
            text = text.replace("/./", "/");
        }
        if text.ends_with("/.") {
            text.pop();
        }
        loop {
            let marked = format!("{text}\0")
                .replace("/..\0", "/../\0")
                .replace('\0', "");
            let Some(at) = marked.find("/../") else {
                return Some(marked.into_bytes());
            };
            let parent = marked[..at].rfind('/')?;
            text = format!("{}{}", &marked[..parent], &marked[at + 3..]);
        }
    }
}
