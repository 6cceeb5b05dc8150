//! Who is asked: `HOST:PORT`, or a URL.

use std::fmt;

/// The port that Tomcat's server.xml proposes for AJP.
const DEFAULT_PORT: u16 = 8009;

/// A host, by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
}

/// What is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) target: Target,
    /// As it is sent, from its `/` on.
    pub(super) path: String,
    pub(super) query: Option<String>,
}

impl Target {
    /// Reads `HOST:PORT`, `HOST`, or `ajp://` before either.
    pub(super) fn parse(text: &str) -> Result<Target, TargetError> {
        let url = Url::parse(text)?;
        match (url.path.as_str(), url.query) {
            ("/", None) => Ok(url.target),
            _ => Err(TargetError::Path),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { host, port } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

impl Url {
    /// Reads `ajp://HOST:PORT/path?query`; a fragment stays here, as it does in a browser.
    pub(super) fn parse(text: &str) -> Result<Url, TargetError> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ajp") => rest,
            Some((scheme, _)) if is_scheme(scheme) => {
                return Err(TargetError::Scheme(scheme.to_owned()));
            }
            _ => text,
        };
        let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let target = target(authority)?;
        if rest
            .bytes()
            .any(|byte| byte.is_ascii_control() || byte == b' ')
        {
            return Err(TargetError::Blank);
        }
        Ok(Url {
            target,
            path: if path.is_empty() { "/" } else { path }.to_owned(),
            query: query.map(str::to_owned),
        })
    }
}

/// A `://` may stand in a query, too.
fn is_scheme(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn target(authority: &str) -> Result<Target, TargetError> {
    if authority.contains('@') {
        return Err(TargetError::User);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(TargetError::Bracket)?;
            (
                host,
                port.strip_prefix(':').or(port.is_empty().then_some("")),
            )
        }
        None if authority.matches(':').count() > 1 => return Err(TargetError::Bracket),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("")),
        },
    };
    let port = match port.ok_or(TargetError::Bracket)? {
        "" if authority.ends_with(':') => return Err(TargetError::Port(String::new())),
        "" => DEFAULT_PORT,
        text => match text.parse() {
            Ok(port) if port > 0 => port,
            _ => return Err(TargetError::Port(text.to_owned())),
        },
    };
    let bad = |c: char| c.is_whitespace() || c.is_control() || "[]\\".contains(c);
    if host.is_empty() || host.contains(bad) {
        return Err(TargetError::Host);
    }
    Ok(Target {
        host: host.to_owned(),
        port,
    })
}

/// Why that names nobody. No message repeats the whole text: somebody may have put a password into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TargetError {
    /// Another protocol.
    #[error("{0}:// is no AJP; write ajp://HOST:PORT/path")]
    Scheme(String),
    /// No host.
    #[error(
        "no host is named; write HOST:PORT or ajp://HOST:PORT/path, localhost:8009 for instance"
    )]
    Host,
    /// No port.
    #[error(
        "{0:?} is no port; write the number of the AJP connector in server.xml, 8009 for instance"
    )]
    Port(String),
    /// An IPv6 address without brackets.
    #[error("an IPv6 address stands in brackets: [::1]:8009")]
    Bracket,
    /// `user:password@`.
    #[error(
        "a user or a password has no place in the address, every user of this host can read it there; \
         give an AJP secret with --secret-file, a login with -H @FILE"
    )]
    User,
    /// What a request line cannot hold.
    #[error(
        "a blank or a control character stands in the path or the query; write %20 for a blank"
    )]
    Blank,
    /// A path where only a peer was asked for.
    #[error("a probe has no path; write HOST:PORT, or use rjk get")]
    Path,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (String, String, Option<String>) {
        let url = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (url.target.to_string(), url.path, url.query)
    }

    #[test]
    fn urls_and_what_is_left_out_of_them() {
        for (text, target, path, query) in [
            ("ajp://h:8010/a/b?x=1", "h:8010", "/a/b", Some("x=1")),
            ("AJP://h", "h:8009", "/", None),
            ("h:1", "h:1", "/", None),
            ("h/app;v=1", "h:8009", "/app;v=1", None),
            ("h?x", "h:8009", "/", Some("x")),
            ("h/?", "h:8009", "/", Some("")),
            ("ajp://[::1]:8011/x#part", "[::1]:8011", "/x", None),
            ("[::1]", "[::1]:8009", "/", None),
            ("h/?to=http://x", "h:8009", "/", Some("to=http://x")),
        ] {
            let expected = (target.to_owned(), path.to_owned(), query.map(str::to_owned));
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_names_nobody() {
        for (text, error) in [
            ("http://h/", TargetError::Scheme("http".into())),
            ("", TargetError::Host),
            ("ajp://", TargetError::Host),
            (":8009", TargetError::Host),
            ("a b:8009", TargetError::Host),
            ("h:", TargetError::Port(String::new())),
            ("h:0", TargetError::Port("0".into())),
            ("h:65536", TargetError::Port("65536".into())),
            ("h:ajp", TargetError::Port("ajp".into())),
            ("::1", TargetError::Bracket),
            ("[::1", TargetError::Bracket),
            ("[::1]8009", TargetError::Bracket),
            ("h/a b", TargetError::Blank),
            ("h/a\r\nb", TargetError::Blank),
            ("ajp://me:hush@h/", TargetError::User),
        ] {
            assert_eq!(Url::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Target::parse("ajp://h/x"), Err(TargetError::Path));
        assert!(Target::parse("ajp://h:8010/").is_ok());
    }

    #[test]
    fn no_message_repeats_a_password() {
        let error = Url::parse("ajp://me:hush@h/").unwrap_err();
        assert!(!error.to_string().contains("hush"));
    }
}
