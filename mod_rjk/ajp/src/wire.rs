//! Sizes, fixed packets and code tables of AJP/1.3 (contract §5.1, §5.3, §5.4).

use rjk_message::KnownName;

/// Bytes in front of every payload: magic and length.
pub const FRAME_HEADER: usize = 4;

/// CPING: asks Tomcat for a CPONG (K-07).
pub const CPING: [u8; 5] = [0x12, 0x34, 0x00, 0x01, 0x0A];

/// Answers GET_BODY_CHUNK when nothing is left (K-05).
pub const END_OF_BODY: [u8; 4] = [0x12, 0x34, 0x00, 0x00];

/// Replaces the first body packet when the client failed to deliver it (K-06).
pub const BROKEN_BODY: [u8; 6] = [0x12, 0x34, 0x00, 0x02, 0x00, 0x00];

/// Magic of packets to Tomcat (K-01).
pub(crate) const TO_TOMCAT: [u8; 2] = [0x12, 0x34];
/// Magic of packets from Tomcat (K-02).
pub(crate) const FROM_TOMCAT: [u8; 2] = *b"AB";
/// First word of a header name that is a code and not a string.
pub(crate) const CODED_NAME: u16 = 0xA000;
/// Length of the null string.
pub(crate) const NULL_STRING: u16 = 0xFFFF;

/// Largest AJP packet of a worker, frame header included: 8192..=65536 bytes, a multiple of
/// 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketSize(usize);

impl PacketSize {
    /// 8192 bytes, what Tomcat expects unless its `packetSize` says otherwise.
    pub const DEFAULT: Self = PacketSize(8192);
    /// 65536 bytes.
    pub const MAX: Self = PacketSize(65536);

    /// The nearest allowed size: rounded up to a multiple of 1024, then held within 8192..=65536.
    pub fn clamped(bytes: usize) -> Self {
        let bounded = bytes.clamp(Self::DEFAULT.0, Self::MAX.0);
        PacketSize(bounded.next_multiple_of(1024))
    }

    /// The size in bytes.
    pub fn bytes(self) -> usize {
        self.0
    }

    /// Most request body bytes in one packet (K-04): the size without frame and body length.
    pub fn max_body(self) -> usize {
        self.0 - FRAME_HEADER - 2
    }
}

impl Default for PacketSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What precedes `len` bytes of request body (K-04): frame header and body length.
///
/// `len` is at most [`PacketSize::max_body`], 65530 for the largest packet; 0 gives
/// [`BROKEN_BODY`].
pub fn body_header(len: u16) -> [u8; 6] {
    let [frame_high, frame_low] = len.saturating_add(2).to_be_bytes();
    let [high, low] = len.to_be_bytes();
    [TO_TOMCAT[0], TO_TOMCAT[1], frame_high, frame_low, high, low]
}

/// The code of a request method (ME-01); `None` for methods that go out by name (ME-02).
pub(crate) fn method_code(method: &[u8]) -> Option<u8> {
    // Nearly all requests, without a look at the others.
    match method {
        b"GET" => return Some(2),
        b"POST" => return Some(4),
        _ => {}
    }
    position(&METHODS, |known| known.as_bytes() == method)
}

/// The low byte of a request header's code (HC-01…HC-14), found without regard to case.
pub(crate) fn request_header_code(name: &[u8]) -> Option<u8> {
    // As nearly all clients spell them, HTTP/2 in lower case: compared as numbers, not letter by letter.
    match name {
        b"Accept" | b"accept" => return Some(1),
        b"Accept-Encoding" | b"accept-encoding" => return Some(3),
        b"Accept-Language" | b"accept-language" => return Some(4),
        b"Connection" => return Some(6),
        b"Content-Type" | b"content-type" => return Some(7),
        b"Content-Length" | b"content-length" => return Some(8),
        b"Cookie" | b"cookie" => return Some(9),
        b"Host" | b"host" => return Some(11),
        b"Referer" | b"referer" => return Some(13),
        b"User-Agent" | b"user-agent" => return Some(14),
        _ if !(4..=15).contains(&name.len()) => return None,
        _ => {}
    }
    position(&REQUEST_HEADERS, |known| {
        known.as_bytes().eq_ignore_ascii_case(name)
    })
}

/// The response header that a code's low byte stands for; `None` for codes that do not exist.
pub(crate) fn response_header_name(code: u8) -> Option<KnownName> {
    let index = usize::from(code).checked_sub(1)?;
    RESPONSE_HEADERS.get(index).copied().flatten()
}

fn position(table: &[&str], found: impl Fn(&str) -> bool) -> Option<u8> {
    let index = table.iter().position(|known| found(known))?;
    u8::try_from(index + 1).ok()
}

/// Methods in the order of their codes, from 1.
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

/// Request headers in the order of their codes, from A001.
const REQUEST_HEADERS: [&str; 14] = [
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Connection",
    "Content-Type",
    "Content-Length",
    "Cookie",
    "Cookie2",
    "Host",
    "Pragma",
    "Referer",
    "User-Agent",
];

/// Response headers in the order of their codes, from A001.
static RESPONSE_HEADERS: [Option<KnownName>; 11] = [
    KnownName::new("Content-Type"),
    KnownName::new("Content-Language"),
    KnownName::new("Content-Length"),
    KnownName::new("Date"),
    KnownName::new("Last-Modified"),
    KnownName::new("Location"),
    KnownName::new("Set-Cookie"),
    KnownName::new("Set-Cookie2"),
    KnownName::new("Servlet-Engine"),
    KnownName::new("Status"),
    KnownName::new("WWW-Authenticate"),
];

#[cfg(test)]
mod tests;
