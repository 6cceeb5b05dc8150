//! Packets from a backend to httpd (contract §5.1), written without any check so that they can be wrong.

/// CPING as httpd sends it (K-07).
pub(super) const CPING: [u8; 5] = [0x12, 0x34, 0, 1, 0x0A];
/// CPONG (K-07).
pub const CPONG: [u8; 5] = [0x41, 0x42, 0, 1, 0x09];
/// Most data bytes of a chunk in a packet of the default 8192 bytes: 4 for the frame, 4 for the chunk.
pub(crate) const MAX_CHUNK: usize = 8184;

/// The response headers that have a code, in code order from A001 (HC-01…HC-11).
const CODED: [&str; 11] = [
    "Content-Type",
    "Content-Language",
    "Content-Length",
    "Date",
    "Last-Modified",
    "Location",
    "Set-Cookie",
    "Set-Cookie2",
    "Servlet-Engine",
    "Status",
    "WWW-Authenticate",
];

/// A response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// A head without headers; the reason is the number, as Tomcat sends it.
    pub fn new(status: u16) -> Head {
        Head {
            status,
            reason: status.to_string(),
            headers: Vec::new(),
        }
    }

    /// A 200 with `Content-Type: text/plain`.
    pub fn ok() -> Head {
        Head::new(200).header("Content-Type", "text/plain")
    }

    /// Another reason phrase.
    pub fn reason(mut self, reason: &str) -> Head {
        self.reason = reason.to_owned();
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Head {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The packet.
    pub fn packet(&self) -> Vec<u8> {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        response_head(self.status, &self.reason, &headers)
    }
}

/// A frame from a backend around a payload (K-02).
pub fn frame(payload: &[u8]) -> Vec<u8> {
    frame_with([0x41, 0x42], cut(payload.len()), payload)
}

/// A frame with any magic and any announced length.
pub fn frame_with(magic: [u8; 2], length: u16, payload: &[u8]) -> Vec<u8> {
    [&magic[..], &length.to_be_bytes(), payload].concat()
}

/// The response head (K-09); well-known names are sent as codes, as Tomcat does.
pub fn response_head(status: u16, reason: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut payload = vec![0x04];
    payload.extend_from_slice(&status.to_be_bytes());
    payload.extend_from_slice(&string(reason));
    payload.extend_from_slice(&cut(headers.len()).to_be_bytes());
    for (name, value) in headers {
        match CODED
            .iter()
            .position(|coded| coded.eq_ignore_ascii_case(name))
        {
            Some(index) => payload.extend_from_slice(&(0xA001 + cut(index)).to_be_bytes()),
            None => payload.extend_from_slice(&string(name)),
        }
        payload.extend_from_slice(&string(value));
    }
    frame(&payload)
}

/// A body chunk (K-08) with Tomcat's NUL after the data.
pub fn body_chunk(data: &[u8]) -> Vec<u8> {
    let mut payload = vec![0x03];
    payload.extend_from_slice(&cut(data.len()).to_be_bytes());
    payload.extend_from_slice(data);
    payload.push(0);
    frame(&payload)
}

/// The end of the response (K-10).
pub fn end_response(reuse: bool) -> Vec<u8> {
    frame(&[0x05, u8::from(reuse)])
}

/// A request for body data (K-11).
pub fn get_body_chunk(wanted: u16) -> Vec<u8> {
    let [high, low] = wanted.to_be_bytes();
    frame(&[0x06, high, low])
}

/// A string (§5): length, bytes, NUL. Characters up to U+00FF become one byte.
pub(super) fn string(text: &str) -> Vec<u8> {
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect();
    [&cut(bytes.len()).to_be_bytes()[..], &bytes, &[0]].concat()
}

/// A length as the wire has it; what is too long keeps its low bits, as a broken backend's would.
pub(super) fn cut(length: usize) -> u16 {
    (length & 0xFFFF) as u16
}
