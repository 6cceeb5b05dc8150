//! Who is asked: `HOST:PORT`, or a URL.

use std::fmt;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// AJP/1.3.
    Ajp,
    /// HTTP/1.1.
    Http,
    /// HTTP/1.1 in TLS.
    Https,
}

impl Scheme {
    fn of(word: &str) -> Option<Scheme> {
        let all = [Scheme::Ajp, Scheme::Http, Scheme::Https];
        all.into_iter()
            .find(|scheme| scheme.word().eq_ignore_ascii_case(word))
    }

    fn word(self) -> &'static str {
        match self {
            Scheme::Ajp => "ajp",
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// What is meant without a port: of AJP the one that Tomcat's server.xml proposes.
    pub(super) fn port(self) -> u16 {
        match self {
            Scheme::Ajp => 8009,
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    pub(super) fn is_http(self) -> bool {
        self != Scheme::Ajp
    }
}

/// A host, by name or address, a port, and what is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
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
    /// Host and port, as the address of a socket has them.
    pub(super) fn socket(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// The same as a client of HTTP names them: without the port that is meant anyway.
    pub(super) fn host_header(&self) -> String {
        match self.scheme.is_http() && self.port == self.scheme.port() {
            true => self.bracketed(),
            false => self.socket(),
        }
    }

    fn bracketed(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        }
    }
}

/// As short as it may be written.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme.is_http() {
            write!(f, "{}://", self.scheme.word())?;
        }
        f.write_str(&self.socket())
    }
}

impl Url {
    /// Reads `SCHEME://HOST:PORT/path?query`; a fragment stays here, as it does in a browser. AJP is meant
    /// without a scheme.
    pub(super) fn parse(text: &str) -> Result<Url, TargetError> {
        let (scheme, rest) = match text.split_once("://") {
            Some((word, rest)) if is_scheme(word) => {
                let scheme = Scheme::of(word);
                (
                    scheme.ok_or_else(|| TargetError::Scheme(word.to_owned()))?,
                    rest,
                )
            }
            _ => (Scheme::Ajp, text),
        };
        let (authority, path, query) = split(rest)?;
        Ok(Url {
            target: target(scheme, authority)?,
            path,
            query,
        })
    }

    /// What a client asks httpd for, `http://HOST:PORT/path` or a path alone, of the host that `usual` names.
    pub(super) fn of_client(text: &str, usual: &str) -> Result<Url, TargetError> {
        let url = match text.starts_with('/') {
            true => Url::parse(&format!("http://{usual}{text}")),
            false => Url::parse(text),
        };
        match url {
            Ok(url) if !url.target.scheme.is_http() => Err(TargetError::NoClient),
            url => url,
        }
    }

    /// Path and query, as one.
    pub(super) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Whether it is the address of a peer, and nothing of what it has.
    pub(super) fn has_path(&self) -> bool {
        self.path != "/" || self.query.is_some()
    }
}

/// A `://` may stand in a query, too.
fn is_scheme(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Authority, path and query.
fn split(text: &str) -> Result<(&str, String, Option<String>), TargetError> {
    let (text, _fragment) = text.split_once('#').unwrap_or((text, ""));
    let end = text.find(['/', '?']).unwrap_or(text.len());
    let (authority, rest) = text.split_at(end);
    if rest
        .bytes()
        .any(|byte| byte.is_ascii_control() || byte == b' ')
    {
        return Err(TargetError::Blank);
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (rest, None),
    };
    let path = if path.is_empty() { "/" } else { path };
    Ok((authority, path.to_owned(), query))
}

fn target(scheme: Scheme, authority: &str) -> Result<Target, TargetError> {
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
        "" => scheme.port(),
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
        scheme,
        host: host.to_owned(),
        port,
    })
}

/// Why that names nobody. No message repeats the whole text: somebody may have put a password into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TargetError {
    /// Another protocol.
    #[error(
        "workers do not speak {0}://; write ajp://HOST:PORT/path, or http:// or https:// in its place"
    )]
    Scheme(String),
    /// No host.
    #[error(
        "no host is named; write HOST:PORT, ajp://HOST:PORT/path or http://HOST:PORT/path, localhost:8009 for instance"
    )]
    Host,
    /// No port.
    #[error("{0:?} is no port; write the number of the connector in server.xml, 8009 for instance")]
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
    #[error("a probe of AJP has no path; write HOST:PORT, or use rjk get")]
    Path,
    /// Of a worker that is asked, the configuration says how it is reached.
    #[error(
        "with --worker the URL is what a client asks httpd for; write http://HOST/path, https://HOST/path or /path"
    )]
    NoClient,
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
            ("http://h/x", "http://h:80", "/x", None),
            ("HTTPS://h", "https://h:443", "/", None),
            ("https://[::1]:8443/?", "https://[::1]:8443", "/", Some("")),
        ] {
            let expected = (target.to_owned(), path.to_owned(), query.map(str::to_owned));
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn hosts_as_clients_name_them() {
        for (text, host) in [
            ("ajp://h", "h:8009"),
            ("http://h:80/", "h"),
            ("http://h:443/", "h:443"),
            ("https://h/", "h"),
            ("https://[::1]/", "[::1]"),
            ("https://[::1]:8443/", "[::1]:8443"),
        ] {
            assert_eq!(Url::parse(text).unwrap().target.host_header(), host);
        }
    }

    #[test]
    fn what_clients_ask_for() {
        let ask = |text| Url::of_client(text, "was1:8080");
        let url = ask("/a?b").unwrap();
        assert_eq!(url.target.to_string(), "http://was1:8080");
        assert_eq!(url.path_and_query(), "/a?b");
        let url = ask("https://shop.test/a").unwrap();
        assert_eq!(url.target.to_string(), "https://shop.test:443");
        for text in ["ajp://h/x", "h/x", "h"] {
            assert_eq!(ask(text), Err(TargetError::NoClient), "{text}");
        }
    }

    #[test]
    fn what_names_nobody() {
        for (text, error) in [
            ("ftp://h/", TargetError::Scheme("ftp".into())),
            ("", TargetError::Host),
            ("ajp://", TargetError::Host),
            ("http:///x", TargetError::Host),
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
    }

    #[test]
    fn no_message_repeats_a_password() {
        let error = Url::parse("ajp://me:hush@h/").unwrap_err();
        assert!(!error.to_string().contains("hush"));
    }
}
