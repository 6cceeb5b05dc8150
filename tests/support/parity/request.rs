//! A request as a case writes it.

use super::want::Texts;
use serde::Deserialize;

/// A request, and on which connection it goes out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The method; GET by default.
    #[serde(default = "get")]
    pub method: String,
    /// The request target.
    #[serde(default)]
    pub target: String,
    /// `1.1` or `1.0`.
    #[serde(default = "version")]
    pub version: String,
    /// Header lines, `Name: value`. `Host: rjk.test` is added unless one of them is a Host header.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The body, with a Content-Length unless `chunked` is given.
    pub body: Option<String>,
    /// A body of so many bytes instead.
    pub body_length: Option<usize>,
    /// The size of the body's chunks.
    pub chunked: Option<usize>,
    /// All bytes of the request instead of the above; `\u00E4` is the byte E4.
    pub raw: Option<String>,
    /// The name of the client's connection: the same name is the same connection in one case.
    #[serde(default)]
    pub connection: String,
    /// What the client does when it has sent this: `abort` (resets the connection), `finish` (sends no
    /// more), `leave` (closes).
    pub then: Option<Then>,
    /// Sends it so many times, one after the other.
    #[serde(default = "once")]
    pub repeat: usize,
    /// Sends it in the background; a later step with `finish` of that name looks at the answer.
    pub background: Option<String>,
    /// Cookies, each `name=value`, in one header.
    #[serde(default)]
    pub cookies: Texts,
}

/// What a client does after it sent its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Resets the connection.
    Abort,
    /// Sends no more, and reads the answer.
    Finish,
    /// Closes the connection.
    Leave,
}

fn get() -> String {
    "GET".to_owned()
}

fn version() -> String {
    "1.1".to_owned()
}

fn once() -> usize {
    1
}

impl Ask {
    /// The bytes on the wire, after `fill` replaced the placeholders.
    pub fn bytes(&self, fill: &impl Fn(&str) -> String) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return latin1(&fill(raw));
        }
        let mut bytes = latin1(&fill(&self.head()));
        bytes.extend(self.framed_body(fill));
        bytes
    }

    /// The method, which says whether the answer has a body.
    pub fn answered_as(&self) -> &str {
        match &self.raw {
            Some(raw) => raw.split(' ').next().unwrap_or_default(),
            None => &self.method,
        }
    }

    /// Whether body bytes may follow the head.
    pub fn has_body(&self) -> bool {
        self.raw.is_some() || self.length().is_some()
    }

    fn head(&self) -> String {
        let mut text = format!("{} {} HTTP/{}\r\n", self.method, self.target, self.version);
        let is_host = |line: &String| line.to_ascii_lowercase().starts_with("host:");
        if !self.headers.iter().any(is_host) {
            text.push_str("Host: rjk.test\r\n");
        }
        for line in &self.headers {
            text.push_str(line);
            text.push_str("\r\n");
        }
        if !self.cookies.0.is_empty() {
            text.push_str(&format!("Cookie: {}\r\n", self.cookies.0.join("; ")));
        }
        match (self.length(), self.chunked) {
            (Some(_), Some(_)) => text.push_str("Transfer-Encoding: chunked\r\n"),
            (Some(length), None) => text.push_str(&format!("Content-Length: {length}\r\n")),
            (None, _) => {}
        }
        text.push_str("\r\n");
        text
    }

    fn length(&self) -> Option<usize> {
        let body = self.body.as_ref().map(|body| latin1(body).len());
        body.or(self.body_length)
    }

    fn framed_body(&self, fill: &impl Fn(&str) -> String) -> Vec<u8> {
        let body = match (&self.body, self.body_length) {
            (Some(body), _) => latin1(&fill(body)),
            (None, Some(length)) => pattern(length),
            (None, None) => return Vec::new(),
        };
        let Some(size) = self.chunked else {
            return body;
        };
        let mut framed = Vec::new();
        for chunk in body.chunks(size.max(1)) {
            framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            framed.extend_from_slice(chunk);
            framed.extend_from_slice(b"\r\n");
        }
        framed.extend_from_slice(b"0\r\n\r\n");
        framed
    }
}

/// So many bytes that differ from place to place.
pub fn pattern(length: usize) -> Vec<u8> {
    let digits = |number: usize| format!("{number:07}.").into_bytes();
    (0..=length / 8).flat_map(digits).take(length).collect()
}

/// Each character as one byte.
pub fn latin1(text: &str) -> Vec<u8> {
    let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> String {
        let ask: Ask = toml::from_str(text).unwrap();
        let fill = |text: &str| text.replace("@PORT@", "80");
        ask.bytes(&fill)
            .iter()
            .map(|byte| char::from(*byte))
            .collect()
    }

    #[test]
    fn requests_are_written_as_their_cases_say() {
        let cases = [
            ("target = '/x'", "GET /x HTTP/1.1\r\nHost: rjk.test\r\n\r\n"),
            (
                "target = '/x'\nmethod = 'POST'\nversion = '1.0'\nheaders = ['Host: h:@PORT@']\nbody = 'ab'",
                "POST /x HTTP/1.0\r\nHost: h:80\r\nContent-Length: 2\r\n\r\nab",
            ),
            (
                "target = '/x'\nbody_length = 9\nchunked = 8\ncookies = ['a=b', 'c=d']",
                "GET /x HTTP/1.1\r\nHost: rjk.test\r\nCookie: a=b; c=d\r\nTransfer-Encoding: chunked\r\n\r\n\
                 8\r\n0000000.\r\n1\r\n0\r\n0\r\n\r\n",
            ),
            ("raw = \"GET /\\u00e4\"", "GET /\u{e4}"),
        ];
        for (text, expected) in cases {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
