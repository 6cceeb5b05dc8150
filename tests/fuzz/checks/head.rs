//! What a [`ResponseHead`] promises: nothing in it can split the response to the client.

use rjk_message::{ContentLength, ResponseHead};

/// Panics when a head does not keep the promise.
pub fn check_head(head: &ResponseHead) {
    assert!(matches!(head.status(), 101 | 103 | 200..=999));
    assert!(!head.reason().iter().any(|byte| b"\0\r\n".contains(byte)));
    for (name, value) in head.headers() {
        let is_token =
            |byte: &u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(byte);
        assert!(!name.is_empty() && name.iter().all(is_token));
        assert!(!value.iter().any(|byte| b"\0\r\n".contains(byte)));
        assert!(head.header(name).is_some());
    }
    if let Some(length) = head.content_length().known() {
        assert!(length <= ContentLength::MAX);
        assert_eq!(head.values(b"content-length").count(), 1);
    }
    let forwarded: Vec<_> = head.end_to_end_headers().collect();
    let mut all = head.headers();
    for (name, value) in forwarded {
        assert!(!name.eq_ignore_ascii_case(b"Connection"));
        assert!(!name.eq_ignore_ascii_case(b"Transfer-Encoding"));
        assert!(all.any(|header| header == (name, value)), "out of order");
    }
}
