//! What a peer says in another protocol than the one that it is asked in.

use super::target::Scheme;
use std::fmt;

/// What the first bytes of a peer are the beginning of, and what they should have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) asked: Scheme,
    pub(super) says: Says,
}

/// A protocol, by its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// HTTP, and its status line.
    Http(String),
    /// AJP.
    Ajp,
    /// TLS: an alert, or a handshake.
    Tls,
    /// SSH, and its banner.
    Ssh(String),
    /// Something that greets in text.
    Text(String),
    /// Something else: its first bytes.
    Bytes(Vec<u8>),
}

/// Most characters of what a peer said that a message repeats.
const LINE: usize = 60;
/// Most bytes.
pub(super) const BYTES: usize = 8;

impl Foreign {
    /// What these bytes are the beginning of; `None` when that is what was asked for, or they are too few to
    /// say.
    pub(super) fn of(bytes: &[u8], asked: Scheme) -> Option<Foreign> {
        const HTTP: &[u8] = b"HTTP/";
        let is_short_http = bytes.len() < HTTP.len() && HTTP.starts_with(bytes);
        match Says::of(bytes)? {
            Says::Ajp if !asked.is_http() => None,
            Says::Http(_) if asked.is_http() => None,
            _ if asked.is_http() && is_short_http => None,
            says => Some(Foreign { asked, says }),
        }
    }

    /// A word for it.
    pub(super) fn word(&self) -> &'static str {
        match self.says {
            Says::Http(_) => "http",
            Says::Ajp => "ajp",
            Says::Tls => "tls",
            Says::Ssh(_) => "ssh",
            Says::Text(_) | Says::Bytes(_) if self.asked.is_http() => "not_http",
            Says::Text(_) | Says::Bytes(_) => "not_ajp",
        }
    }

    /// What can be done.
    pub(super) fn remedy(&self) -> &'static str {
        match (self.asked, &self.says) {
            (Scheme::Ajp, Says::Http(_)) => {
                "that is an HTTP port: write http://, or name the port of the <Connector protocol=\"AJP/1.3\"> in Tomcat's server.xml"
            }
            (Scheme::Ajp, Says::Tls) => {
                "AJP is never encrypted, that is a TLS port: write https://, or name the port of the <Connector protocol=\"AJP/1.3\"> in Tomcat's server.xml"
            }
            (Scheme::Ajp, _) => {
                "another service listens there: name the port of the <Connector protocol=\"AJP/1.3\"> in Tomcat's server.xml"
            }
            (_, Says::Ajp) => {
                "that is an AJP port: write ajp://, or name the port of the HTTP connector in Tomcat's server.xml"
            }
            (Scheme::Http, Says::Tls) => {
                "that is a TLS port: write https://, or name the port of a connector without SSLEnabled in Tomcat's server.xml"
            }
            _ => {
                "another service listens there: name the port of the HTTP connector in Tomcat's server.xml"
            }
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = match self.asked {
            Scheme::Ajp => "AJP",
            Scheme::Http => "HTTP",
            Scheme::Https => "HTTPS",
        };
        match &self.says {
            Says::Http(line) => write!(f, "it speaks HTTP, not {asked} ({line})"),
            Says::Ajp => write!(f, "it speaks AJP, not {asked}"),
            Says::Tls => write!(f, "it speaks TLS, not {asked}"),
            Says::Ssh(line) => write!(f, "it speaks SSH, not {asked} ({line})"),
            Says::Text(line) => write!(f, "it does not speak {asked}: it said \"{line}\""),
            Says::Bytes(bytes) => {
                write!(f, "it does not speak {asked}: its answer begins with")?;
                bytes.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
            }
        }
    }
}

impl Says {
    fn of(bytes: &[u8]) -> Option<Says> {
        const PAGES: [&[u8]; 2] = [b"<!doctype", b"<html"];
        let is_page = |page: &&[u8]| {
            let start = bytes.get(..page.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(page))
        };
        Some(match bytes {
            [] => return None,
            [b'A'] | [b'A', b'B', ..] => Says::Ajp,
            _ if bytes.starts_with(b"HTTP/") => Says::Http(line(bytes)),
            // What HTTP/0.9 has instead of a head, in answer to a request line that is none.
            _ if PAGES.iter().any(is_page) => Says::Http("a page of HTML".to_owned()),
            // Alert or handshake, SSL 3.0 to TLS 1.3.
            [0x15 | 0x16, 3, 0..=4, ..] => Says::Tls,
            _ if bytes.starts_with(b"SSH-") => Says::Ssh(line(bytes)),
            _ if is_text(bytes) => Says::Text(line(bytes)),
            _ => Says::Bytes(bytes[..bytes.len().min(BYTES)].to_vec()),
        })
    }
}

/// The first line, without what a terminal would take for a command.
fn line(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| b"\r\n".contains(byte));
    let line = &bytes[..end.unwrap_or(bytes.len()).min(LINE)];
    let shown = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '?',
    };
    let line: String = line.iter().map(shown).collect();
    line.trim_end().to_owned()
}

/// Whether the beginning is text that says something.
fn is_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(BYTES)];
    bytes.len() >= 4
        && start
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'))
        && !line(bytes).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_by_their_first_bytes() {
        for (bytes, word, said) in [
            (
                &b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n"[..],
                "http",
                "(HTTP/1.1 400 Bad Request)",
            ),
            (
                b"<!DOCTYPE HTML PUBLIC \"-//IETF\">",
                "http",
                "a page of HTML",
            ),
            (b"\x15\x03\x01\x00\x02\x02\x46", "tls", "TLS"),
            (b"SSH-2.0-OpenSSH_9.2p1\r\n", "ssh", "SSH-2.0-OpenSSH_9.2p1"),
            (b"220 mail ESMTP\r\n", "not_ajp", "\"220 mail ESMTP\""),
            (b"-ERR red \x1b[31m\r\n", "not_ajp", "-ERR red ?[31m"),
            (b"J\0\0\0\x0a5.5", "not_ajp", "4a 00 00 00 0a 35 2e 35"),
            (&[0x12, 0x34, 0, 1, 0x0A], "not_ajp", "12 34 00 01 0a"),
        ] {
            let foreign = Foreign::of(bytes, Scheme::Ajp);
            let foreign = foreign.unwrap_or_else(|| panic!("{bytes:?}"));
            assert_eq!(foreign.word(), word, "{bytes:?}");
            assert!(foreign.to_string().contains(said), "{foreign}");
        }
    }

    #[test]
    fn what_is_foreign_to_http() {
        for (bytes, word, said) in [
            (&b"AB\0\x01\x09"[..], "ajp", "it speaks AJP, not HTTP"),
            (b"\x15\x03\x01\x00\x02\x02\x46", "tls", "TLS, not HTTP"),
            (b"SSH-2.0-x\r\n", "ssh", "SSH, not HTTP (SSH-2.0-x)"),
            (b"220 mail\r\n", "not_http", "it said \"220 mail\""),
        ] {
            let foreign = Foreign::of(bytes, Scheme::Http);
            let foreign = foreign.unwrap_or_else(|| panic!("{bytes:?}"));
            assert_eq!(foreign.word(), word, "{bytes:?}");
            assert!(foreign.to_string().contains(said), "{foreign}");
        }
    }

    #[test]
    fn what_was_asked_for_and_nothing_are_not_foreign() {
        for bytes in [&b""[..], b"A", b"AB", b"AB\0\x01\x09"] {
            assert_eq!(Foreign::of(bytes, Scheme::Ajp), None);
        }
        for bytes in [&b""[..], b"H", b"HTTP", b"HTTP/1.1 200 OK\r\n", b"<html>"] {
            for scheme in [Scheme::Http, Scheme::Https] {
                assert_eq!(Foreign::of(bytes, scheme), None, "{bytes:?}");
            }
        }
    }
}
