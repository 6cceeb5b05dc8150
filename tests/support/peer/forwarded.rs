//! A forward request as a backend sees it (contract §5.2), decoded by rules written down twice on
//! purpose: the module's own codec must not check itself.

use anyhow::{Context, bail, ensure};
use std::net::IpAddr;

use crate::Result;

/// Methods by code, from 1 (ME-01).
const METHODS: [&str; 27] = [
    "OPTIONS",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "ACL",
    "REPORT",
    "VERSION-CONTROL",
    "CHECKIN",
    "CHECKOUT",
    "UNCHECKOUT",
    "SEARCH",
    "MKWORKSPACE",
    "UPDATE",
    "LABEL",
    "MERGE",
    "BASELINE-CONTROL",
    "MKACTIVITY",
];

/// Request headers by code, from A001 (HC-01…HC-14).
const HEADERS: [&str; 14] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "connection",
    "content-type",
    "content-length",
    "cookie",
    "cookie2",
    "host",
    "pragma",
    "referer",
    "user-agent",
];

/// Attributes by code, from 1 (§5.5); 0x0A is a named one, 0x0B a number.
const ATTRIBUTES: [&str; 13] = [
    "context",
    "servlet_path",
    "remote_user",
    "auth_type",
    "query_string",
    "route",
    "ssl_cert",
    "ssl_cipher",
    "ssl_session",
    "",
    "ssl_key_size",
    "secret",
    "stored_method",
];

/// A decoded forward request. Each byte of a string is one character (Latin-1), so nothing is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// The address that the connection came from; nothing for one that was decoded alone.
    pub from: Option<IpAddr>,
    /// The method's name, from its code or the attribute `stored_method`.
    pub method: String,
    /// The code on the wire.
    pub method_code: u8,
    /// `HTTP/1.1`.
    pub protocol: String,
    /// The URI without the query.
    pub uri: String,
    /// The client's address.
    pub remote_addr: Option<String>,
    /// The client's name.
    pub remote_host: Option<String>,
    /// The server's name.
    pub server_name: Option<String>,
    /// The server's port.
    pub server_port: u16,
    /// Whether the client came over TLS.
    pub is_ssl: bool,
    /// Headers in order.
    pub headers: Vec<Header>,
    /// Attributes in order.
    pub attributes: Vec<Attribute>,
    /// The packet's payload.
    pub raw: Vec<u8>,
    /// Which of the peer's connections it came on, from 0.
    pub connection: usize,
    /// Its place among all requests that came to the peers of this process.
    pub number: usize,
    /// The body packets that the script read, in order.
    pub body_packets: Vec<BodyPacket>,
}

/// A request header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name; lower-case if it came as a code.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether the name came as a code.
    pub coded: bool,
}

/// A request attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The code on the wire; 0x0A for one with a name.
    pub code: u8,
    /// The name: from the wire for 0x0A, else the one of §5.5.
    pub name: String,
    /// The value; a number as decimal digits.
    pub value: Option<String>,
}

/// A body packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyPacket {
    /// Data (K-04).
    Data(Vec<u8>),
    /// The end: a payload of no bytes (K-05).
    End,
    /// A broken body: a payload with length 0 (K-06).
    Broken,
}

impl Forwarded {
    /// Decodes the payload of a forward request; bytes after the terminator are an error.
    pub fn decode(payload: &[u8]) -> Result<Forwarded> {
        let mut reader = Reader { rest: payload };
        ensure!(
            reader.u8()? == 0x02,
            "not a forward request: {payload:02x?}"
        );
        let method_code = reader.u8()?;
        let mut request = Forwarded {
            method: METHODS
                .get(usize::from(method_code).wrapping_sub(1))
                .map_or("", |m| m)
                .into(),
            method_code,
            protocol: reader.string()?.context("protocol is null")?,
            uri: reader.string()?.context("URI is null")?,
            remote_addr: reader.string()?,
            remote_host: reader.string()?,
            server_name: reader.string()?,
            server_port: reader.u16()?,
            is_ssl: reader.u8()? != 0,
            raw: payload.to_vec(),
            ..Forwarded::default()
        };
        for _ in 0..reader.u16()? {
            request.headers.push(reader.header()?);
        }
        while let Some(attribute) = reader.attribute()? {
            request.attributes.push(attribute);
        }
        ensure!(
            reader.rest.is_empty(),
            "bytes after the terminator: {:02x?}",
            reader.rest
        );
        if method_code == 0xFF {
            let stored = request
                .attribute("stored_method")
                .context("no stored method")?;
            request.method = stored.to_owned();
        }
        Ok(request)
    }

    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).into_iter().next()
    }

    /// All headers of that name, in order.
    pub fn headers_named(&self, name: &str) -> Vec<&str> {
        let same = |header: &&Header| header.name.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(same)
            .map(|header| header.value.as_str())
            .collect()
    }

    /// The value of the first attribute of that name that has one.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.name == name)?;
        found.value.as_deref()
    }

    /// Whether an attribute of that name is there, with or without value.
    pub fn has_attribute(&self, name: &str) -> bool {
        self.attributes
            .iter()
            .any(|attribute| attribute.name == name)
    }

    /// The body as far as it was read.
    pub fn body(&self) -> Vec<u8> {
        let data = |packet: &BodyPacket| match packet {
            BodyPacket::Data(data) => data.clone(),
            BodyPacket::End | BodyPacket::Broken => Vec::new(),
        };
        self.body_packets.iter().flat_map(data).collect()
    }

    /// The announced length of the body, 0 if none.
    pub fn content_length(&self) -> u64 {
        self.header("content-length")
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(0)
    }

    /// Whether the body is chunked.
    pub fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|v| v.to_ascii_lowercase().contains("chunked"))
    }
}

impl BodyPacket {
    /// Decodes a payload (K-04…K-06).
    pub fn decode(payload: &[u8]) -> Result<BodyPacket> {
        if payload.is_empty() {
            return Ok(BodyPacket::End);
        }
        let mut reader = Reader { rest: payload };
        let length = usize::from(reader.u16()?);
        ensure!(
            reader.rest.len() == length,
            "body packet says {length} but has {}",
            reader.rest.len()
        );
        Ok(match length {
            0 => BodyPacket::Broken,
            _ => BodyPacket::Data(reader.rest.to_vec()),
        })
    }
}

/// Reads from the front of a payload.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .context("packet ends too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn string(&mut self) -> Result<Option<String>> {
        let length = self.u16()?;
        self.string_of(length)
    }

    fn string_of(&mut self, length: u16) -> Result<Option<String>> {
        if length == 0xFFFF {
            return Ok(None);
        }
        let text = self
            .take(usize::from(length))?
            .iter()
            .map(|byte| char::from(*byte))
            .collect();
        ensure!(self.u8()? == 0, "string without NUL at the end: {text:?}");
        Ok(Some(text))
    }

    fn header(&mut self) -> Result<Header> {
        let code = self.u16()?;
        let coded = code >> 8 == 0xA0;
        let name = if coded {
            let index = usize::from(code & 0xFF).wrapping_sub(1);
            HEADERS
                .get(index)
                .with_context(|| format!("header code {code:04x}"))?
                .to_string()
        } else {
            self.string_of(code)?.context("header name is null")?
        };
        let value = self
            .string()?
            .with_context(|| format!("header {name} is null"))?;
        Ok(Header { name, value, coded })
    }

    fn attribute(&mut self) -> Result<Option<Attribute>> {
        let code = self.u8()?;
        let (name, value) = match code {
            0xFF => return Ok(None),
            0x0A => (
                self.string()?.context("attribute name is null")?,
                self.string()?,
            ),
            0x0B => ("ssl_key_size".to_owned(), Some(self.u16()?.to_string())),
            _ => match ATTRIBUTES.get(usize::from(code).wrapping_sub(1)) {
                Some(name) => (name.to_string(), self.string()?),
                None => bail!("attribute code {code:02x}"),
            },
        };
        Ok(Some(Attribute { code, name, value }))
    }
}
