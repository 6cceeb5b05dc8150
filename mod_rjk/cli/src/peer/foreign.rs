//! What a peer says that is no AJP connector.

use std::fmt;

/// Another protocol, by the first bytes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// HTTP, and its status line.
    Http(String),
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
    /// What these bytes are the beginning of; `None` when they are AJP, or too few to say.
    pub(super) fn of(bytes: &[u8]) -> Option<Foreign> {
        const PAGES: [&[u8]; 2] = [b"<!doctype", b"<html"];
        let is_page = |page: &&[u8]| {
            let start = bytes.get(..page.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(page))
        };
        match bytes {
            [] => None,
            [b'A'] | [b'A', b'B', ..] => None,
            _ if bytes.starts_with(b"HTTP/") => Some(Foreign::Http(line(bytes))),
            // What HTTP/0.9 has instead of a head, in answer to a request line that is none.
            _ if PAGES.iter().any(is_page) => Some(Foreign::Http("a page of HTML".to_owned())),
            // Alert or handshake, SSL 3.0 to TLS 1.3.
            [0x15 | 0x16, 3, 0..=4, ..] => Some(Foreign::Tls),
            _ if bytes.starts_with(b"SSH-") => Some(Foreign::Ssh(line(bytes))),
            _ if is_text(bytes) => Some(Foreign::Text(line(bytes))),
            _ => Some(Foreign::Bytes(bytes[..bytes.len().min(BYTES)].to_vec())),
        }
    }

    /// A word for it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Foreign::Http(_) => "http",
            Foreign::Tls => "tls",
            Foreign::Ssh(_) => "ssh",
            Foreign::Text(_) | Foreign::Bytes(_) => "not_ajp",
        }
    }

    /// What can be done.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Foreign::Http(_) => {
                "that is an HTTP port: name the port of the <Connector protocol=\"AJP/1.3\"> in Tomcat's server.xml"
            }
            Foreign::Tls => {
                "AJP is never encrypted, that is a TLS port: name the port of the <Connector protocol=\"AJP/1.3\"> in Tomcat's server.xml"
            }
            Foreign::Ssh(_) | Foreign::Text(_) | Foreign::Bytes(_) => {
                "another service listens there: name the port of the <Connector protocol=\"AJP/1.3\"> in Tomcat's server.xml"
            }
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Foreign::Http(line) => write!(f, "it speaks HTTP, not AJP ({line})"),
            Foreign::Tls => f.write_str("it speaks TLS, not AJP"),
            Foreign::Ssh(line) => write!(f, "it speaks SSH, not AJP ({line})"),
            Foreign::Text(line) => write!(f, "it does not speak AJP: it said \"{line}\""),
            Foreign::Bytes(bytes) => {
                f.write_str("it does not speak AJP: its answer begins with")?;
                bytes.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
            }
        }
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
            let foreign = Foreign::of(bytes).unwrap_or_else(|| panic!("{bytes:?}"));
            assert_eq!(foreign.word(), word, "{bytes:?}");
            assert!(foreign.to_string().contains(said), "{foreign}");
        }
    }

    #[test]
    fn ajp_and_nothing_are_not_foreign() {
        for bytes in [&b""[..], b"A", b"AB", b"AB\0\x01\x09"] {
            assert_eq!(Foreign::of(bytes), None);
        }
    }
}
