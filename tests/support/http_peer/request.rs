//! A request as a strict server reads it. Written apart from the module's own code on purpose: that must not
//! check itself.

use crate::Result;
use anyhow::{Context, bail, ensure};

/// A request that a peer received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// `HTTP/1.1`.
    pub version: String,
    /// Headers in order, names as sent; each byte is one character (Latin-1).
    pub headers: Vec<(String, String)>,
    /// The body as far as it was read, without chunk framing.
    pub body: Vec<u8>,
    /// Whether the body was read to its end.
    pub is_whole: bool,
    /// Headers behind a chunked body.
    pub trailers: Vec<(String, String)>,
    /// The head's bytes, with the empty line.
    pub raw_head: Vec<u8>,
    /// Which of the peer's connections it came on, from 0.
    pub connection: usize,
}

/// How the body of a request is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

impl Received {
    /// Reads a head with its empty line; an error says what is not as it must be.
    pub(super) fn parse(head: &[u8]) -> Result<Received> {
        let text: String = head.iter().map(|byte| char::from(*byte)).collect();
        let lines = text.strip_suffix("\r\n\r\n").context("no empty line")?;
        let mut lines = lines.split("\r\n");
        let first = lines.next().context("no request line")?;
        let parts: Vec<&str> = first.split(' ').collect();
        let [method, target, version] = parts[..] else {
            bail!("request line {first:?}");
        };
        ensure!(is_token(method), "method {method:?}");
        ensure!(
            !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_graphic()),
            "target {target:?}"
        );
        ensure!(version == "HTTP/1.1", "version {version:?}");
        Ok(Received {
            method: method.to_owned(),
            target: target.to_owned(),
            version: version.to_owned(),
            headers: lines.map(field).collect::<Result<_>>()?,
            raw_head: head.to_vec(),
            ..Received::default()
        })
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    /// All headers of that name, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |found: &str| found.eq_ignore_ascii_case(name);
        let found = self.headers.iter().filter(|(name, _)| same(name));
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// How the body is framed: there is one reading, or it is an error.
    pub(super) fn framing(&self) -> Result<Framing> {
        ensure!(
            self.all("host").len() == 1,
            "{} Host",
            self.all("host").len()
        );
        match (
            &self.all("transfer-encoding")[..],
            &self.all("content-length")[..],
        ) {
            ([], []) => Ok(Framing::Length(0)),
            (["chunked"], []) => Ok(Framing::Chunked),
            ([], [length]) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Framing::Length(length.parse().context("Content-Length")?))
            }
            (codings, lengths) => {
                bail!("Transfer-Encoding {codings:?}, Content-Length {lengths:?}")
            }
        }
    }
}

/// A header line.
pub(super) fn field(line: &str) -> Result<(String, String)> {
    let (name, value) = line
        .split_once(':')
        .with_context(|| format!("no colon: {line:?}"))?;
    ensure!(is_token(name), "name {name:?}");
    let is_text = |c: char| c == '\t' || (c >= ' ' && c != '\u{7f}');
    ensure!(value.chars().all(is_text), "value of {name}: {value:?}");
    Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}

/// The size in a chunk's head line; extensions are a fault, for nobody asked for any.
pub(super) fn chunk_size(line: &str) -> Result<u64> {
    let is_hex = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(is_hex, "chunk size {line:?}");
    u64::from_str_radix(line, 16).with_context(|| format!("chunk size {line:?}"))
}

fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}
