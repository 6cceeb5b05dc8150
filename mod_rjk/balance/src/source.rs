//! What of a request is compared, hashed or copied for a policy.

use crate::policy::RequestView;
use std::borrow::Cow;
use std::fmt;

/// A text of requests (plugins/wit, interface `sources`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// First value of a header; the name is compared without case.
    Header(Box<str>),
    /// First value of a cookie; the name is compared with case.
    Cookie(Box<str>),
    /// First value of a query parameter, decoded.
    Parameter(Box<str>),
    /// Path without the query.
    Path,
    /// The path's first segments, this many; all of it when it has fewer.
    Segments(u32),
    /// Method.
    Method,
    /// Address of the client.
    ClientAddress,
    /// Server name.
    ServerName,
    /// The whole query.
    Query,
}

/// Why there is no such source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSource {
    /// From a later version of the contract.
    #[error("source kind {0}, which this mod_rjk does not know; it needs a later one")]
    Kind(u32),
    /// Kinds 0, 1 and 2 have a name.
    #[error("a source without the name of its header, cookie or parameter")]
    Name,
    /// Kind 4 counts from 1.
    #[error("{0:?} segments of the path; write a number from 1 to 99")]
    Segments(String),
}

impl Source {
    /// The source of a kind and a name as the contract numbers them.
    ///
    /// # Errors
    /// [`NoSource`].
    pub fn of(kind: u32, name: &str) -> Result<Source, NoSource> {
        if kind <= 2 && name.is_empty() {
            return Err(NoSource::Name);
        }
        Ok(match kind {
            0 => Source::Header(name.into()),
            1 => Source::Cookie(name.into()),
            2 => Source::Parameter(name.into()),
            3 => Source::Path,
            4 => match name.parse() {
                Ok(count @ 1..=99) => Source::Segments(count),
                _ => return Err(NoSource::Segments(name.to_owned())),
            },
            5 => Source::Method,
            6 => Source::ClientAddress,
            7 => Source::ServerName,
            _ => return Err(NoSource::Kind(kind)),
        })
    }

    /// The source of the text that [`Source`]'s `Display` writes.
    pub fn parse(text: &str) -> Option<Source> {
        let (kind, name) = text.split_once(' ').unwrap_or((text, ""));
        Some(match kind {
            "header" => Source::Header(name.into()),
            "cookie" => Source::Cookie(name.into()),
            "parameter" => Source::Parameter(name.into()),
            "path" => Source::Path,
            "segments" => Source::Segments(name.parse().ok()?),
            "method" => Source::Method,
            "client-address" => Source::ClientAddress,
            "server-name" => Source::ServerName,
            "query" => Source::Query,
            _ => return None,
        })
    }

    /// What this request has there.
    pub fn read<'r>(&self, request: &'r dyn RequestView) -> Option<Cow<'r, [u8]>> {
        Some(match self {
            Source::Header(name) => request.header(name.as_bytes())?,
            Source::Cookie(name) => request.cookie(name.as_bytes())?,
            Source::Parameter(name) => request.parameter(name)?,
            Source::Path => request.path().into(),
            Source::Segments(count) => first_segments(request.path(), *count).into(),
            Source::Method => request.method().into(),
            Source::ClientAddress => request.client_address(),
            Source::ServerName => request.server_name(),
            Source::Query => request.query()?.into(),
        })
    }

    /// Whether it is the client's own word, which may be a secret.
    pub fn is_private(&self) -> bool {
        matches!(
            self,
            Source::Header(_) | Source::Cookie(_) | Source::Parameter(_) | Source::Query
        )
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Header(name) => write!(f, "header {name}"),
            Source::Cookie(name) => write!(f, "cookie {name}"),
            Source::Parameter(name) => write!(f, "parameter {name}"),
            Source::Path => f.write_str("path"),
            Source::Segments(count) => write!(f, "segments {count}"),
            Source::Method => f.write_str("method"),
            Source::ClientAddress => f.write_str("client-address"),
            Source::ServerName => f.write_str("server-name"),
            Source::Query => f.write_str("query"),
        }
    }
}

/// First value of a parameter, as forms write it.
pub(crate) fn parameter<'q>(query: &'q [u8], name: &str) -> Option<Cow<'q, [u8]>> {
    let mut pairs = form_urlencoded::parse(query);
    let (_, value) = pairs.find(|(key, _)| key == name)?;
    Some(match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

/// `/a/b/c` begins with `/a/b`; a path that does not begin with `/` has its first segment before one.
fn first_segments(path: &[u8], count: u32) -> &[u8] {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let slashes = path.iter().enumerate().skip(1);
    let ends = slashes.filter(|(_, byte)| **byte == b'/');
    let end = ends.map(|(at, _)| at).nth(count.saturating_sub(1));
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_a_path() {
        for (path, count, expected) in [
            ("/a/b/c", 1, "/a"),
            ("/a/b/c", 2, "/a/b"),
            ("/a/b/c", 3, "/a/b/c"),
            ("/a/b/c", 9, "/a/b/c"),
            ("/a/b/", 2, "/a/b"),
            ("/", 1, "/"),
            ("//x", 1, "/"),
            ("", 1, ""),
            ("*", 2, "*"),
        ] {
            let got = first_segments(path.as_bytes(), count);
            assert_eq!(got, expected.as_bytes(), "{path} {count}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        for (query, expected) in [
            ("a=1&t=x%20y&t=2", Some("x y")),
            ("t=a+b", Some("a b")),
            ("%74=enc", Some("enc")),
            ("t", Some("")),
            ("tt=1", None),
            ("", None),
            ("t=%zz", Some("%zz")),
            ("t=%ff", Some("\u{fffd}")),
        ] {
            let got = parameter(query.as_bytes(), "t");
            assert_eq!(got.as_deref(), expected.map(str::as_bytes), "{query}");
        }
    }

    #[test]
    fn kinds_are_those_of_the_contract() {
        assert_eq!(Source::of(0, "X-A"), Ok(Source::Header("X-A".into())));
        assert_eq!(Source::of(4, "2"), Ok(Source::Segments(2)));
        assert_eq!(Source::of(7, ""), Ok(Source::ServerName));
        assert_eq!(Source::of(2, ""), Err(NoSource::Name));
        assert_eq!(Source::of(4, "0"), Err(NoSource::Segments("0".into())));
        assert_eq!(Source::of(8, ""), Err(NoSource::Kind(8)));
    }
}
