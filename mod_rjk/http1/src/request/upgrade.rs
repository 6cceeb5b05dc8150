//! Whether a request asks for another protocol.

use super::fields::options;
use rjk_message::RequestHead;

/// Whether this request asks for WebSocket (RFC 6455 §4.1), and for nothing else. Over HTTP/2 it is what
/// httpd made of an extended CONNECT (RFC 8441).
pub fn asks_for_websocket(head: &RequestHead<'_>) -> bool {
    let values = |wanted: &'static [u8]| {
        let all = head.headers.iter();
        all.filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim_ascii())
    };
    let is_only = |name, wanted: &[u8]| {
        let mut found = values(name);
        let first = found.next();
        first.is_some_and(|value| value.eq_ignore_ascii_case(wanted)) && found.next().is_none()
    };
    let has_one = |name| {
        let mut found = values(name);
        found.next().is_some_and(|value| !value.is_empty()) && found.next().is_none()
    };
    head.method == b"GET"
        && matches!(head.protocol, b"HTTP/1.1" | b"HTTP/2.0")
        && head.body.is_empty()
        && is_only(b"Upgrade", b"websocket")
        && values(b"Connection")
            .flat_map(options)
            .any(|option| option.eq_ignore_ascii_case(b"upgrade"))
        && has_one(b"Sec-WebSocket-Key")
        && has_one(b"Sec-WebSocket-Version")
}
