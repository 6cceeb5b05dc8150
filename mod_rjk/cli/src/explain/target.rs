//! The request's URL, as httpd takes it apart.

use bstr::ByteSlice;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host without its port, in lower case.
    pub host: Option<String>,
    /// The port, where URL or host say one.
    pub port: Option<u16>,
    /// What the client would send: path and query.
    pub raw: String,
}

/// What httpd does with encoded slashes (`AllowEncodedSlashes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slashes {
    /// 404.
    Refused,
    /// They are slashes.
    Decoded,
    /// They stay as they are.
    Kept,
}

impl Target {
    /// `host` is the Host header, which counts instead of the URL's.
    pub fn parse(url: &str, host: Option<&str>) -> Option<Target> {
        let (scheme, rest) = match url.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, url),
        };
        let (authority, raw) = match scheme {
            None => (None, rest),
            Some(_) => match rest.find(['/', '?']) {
                Some(at) => (Some(&rest[..at]), &rest[at..]),
                None => (Some(rest), "/"),
            },
        };
        let raw = match raw.split_once('#') {
            Some((raw, _)) => raw,
            None => raw,
        };
        let raw = match raw.starts_with('?') {
            true => format!("/{raw}"),
            false => raw.to_owned(),
        };
        if !raw.starts_with('/') && raw != "*" {
            return None;
        }
        let authority = authority.map(|text| text.rsplit('@').next().unwrap_or(text));
        let url_port = authority.and_then(|text| split_port(text).1);
        let usual = match scheme {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => Some(443),
            Some(_) => Some(80),
            None => None,
        };
        let (name, port) = match host.or(authority) {
            Some(text) => split_port(text),
            None => (String::new(), None),
        };
        Some(Target {
            host: (!name.is_empty()).then_some(name),
            port: url_port.or(port).or(usual),
            raw,
        })
    }

    /// The path as the client would send it.
    pub fn raw_path(&self) -> &str {
        self.raw.split('?').next().unwrap_or_default()
    }

    /// The path, decoded once; an error is httpd's own answer.
    pub fn decoded(&self, slashes: Slashes) -> Result<Vec<u8>, u16> {
        let mut out = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw_path().as_bytes();
        let mut is_unfound = false;
        while let Some((byte, behind)) = rest.split_first() {
            if *byte != b'%' {
                out.push(*byte);
                rest = behind;
                continue;
            }
            let code = behind.get(..2).and_then(|code| code.to_str().ok());
            let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
            match (code, slashes) {
                (None, _) => return Err(400),
                (Some(b'/'), Slashes::Kept) => out.extend_from_slice(&rest[..3]),
                (Some(b'/'), Slashes::Refused) | (Some(0), _) => is_unfound = true,
                (Some(byte), _) => out.push(byte),
            }
            rest = behind.get(2..).unwrap_or_default();
        }
        match is_unfound {
            true => Err(404),
            false => Ok(out),
        }
    }
}

/// Name in lower case, and port.
fn split_port(authority: &str) -> (String, Option<u16>) {
    let end = authority.rfind(']').map_or(0, |at| at + 1);
    let (name, port) = match authority[end..].rfind(':') {
        Some(at) => (
            &authority[..end + at],
            authority[end + at + 1..].parse().ok(),
        ),
        None => (authority, None),
    };
    (name.trim_end_matches('.').to_ascii_lowercase(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str, host: Option<&str>) -> (Option<String>, Option<u16>, String) {
        let target = Target::parse(url, host).unwrap();
        (target.host, target.port, target.raw)
    }

    #[test]
    fn urls_are_taken_apart() {
        let some = |text: &str| Some(text.to_owned());
        for (url, host, expected) in [
            (
                "http://A.test/x?y",
                None,
                (some("a.test"), Some(80), "/x?y"),
            ),
            ("https://a.test", None, (some("a.test"), Some(443), "/")),
            (
                "http://a.test:81?q",
                None,
                (some("a.test"), Some(81), "/?q"),
            ),
            ("http://[::1]:8080/", None, (some("[::1]"), Some(8080), "/")),
            ("/x", Some("b.test:82"), (some("b.test"), Some(82), "/x")),
            ("http://a.test:81/", Some("b"), (some("b"), Some(81), "/")),
            ("/x#part", None, (None, None, "/x")),
        ] {
            let (name, port, raw) = expected;
            assert_eq!(parsed(url, host), (name, port, raw.to_owned()), "{url}");
        }
        assert_eq!(Target::parse("x", None), None);
    }

    #[test]
    fn paths_are_decoded_as_httpd_does() {
        let decoded = |raw: &str, slashes| {
            let target = Target::parse(raw, None).unwrap();
            target
                .decoded(slashes)
                .map(|path| String::from_utf8(path).unwrap())
        };
        assert_eq!(decoded("/a%20b?c", Slashes::Refused), Ok("/a b".to_owned()));
        assert_eq!(decoded("/a%2Fb", Slashes::Refused), Err(404));
        assert_eq!(decoded("/a%2Fb", Slashes::Kept), Ok("/a%2Fb".to_owned()));
        assert_eq!(decoded("/a%2fb", Slashes::Decoded), Ok("/a/b".to_owned()));
        assert_eq!(decoded("/a%00", Slashes::Decoded), Err(404));
        for bad in ["/a%", "/a%4", "/a%zz"] {
            assert_eq!(decoded(bad, Slashes::Decoded), Err(400), "{bad}");
        }
    }
}
