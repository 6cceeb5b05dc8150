//! The form of a request's path that mounts are matched against.
//!
//! Matching and forwarding part ways on purpose (contract rows G-05, N-06): what decides is the path
//! that Tomcat will see once it has dropped parameters and dot segments, what is sent (`ForwardUri`)
//! keeps them.

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
    if is_plain(path) || is_normal(path) {
        return Ok(Cow::Borrowed(decoded));
    }
    resolve_segments(path).map(Cow::Owned)
}

/// Whether nothing looks as if it had to be resolved; without the first `/`. One look at each byte says so of
/// nearly all paths.
fn is_plain(path: &[u8]) -> bool {
    let begins_oddly = |rest: &[u8]| matches!(rest.first(), Some(b'/' | b'.'));
    let is_odd = |(at, byte): (usize, &u8)| match byte {
        b'/' => begins_oddly(&path[at + 1..]),
        byte => *byte == b';',
    };
    !begins_oddly(path) && !path.iter().enumerate().any(is_odd)
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
