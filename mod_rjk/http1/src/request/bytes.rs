//! Which bytes may stand where.

/// A set of bytes.
pub(crate) struct Bytes([bool; 256]);

impl Bytes {
    /// Letters, digits and `others`.
    const fn alphanumeric_and(others: &[u8]) -> Bytes {
        let mut set = [false; 256];
        let mut byte = 0;
        while byte < set.len() {
            set[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let mut next = 0;
        while next < others.len() {
            set[others[next] as usize] = true;
            next += 1;
        }
        Bytes(set)
    }

    /// Whether the byte is one of them.
    pub(crate) fn holds(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    /// Whether all bytes of a text are, and it is not empty.
    pub(crate) fn make_up(&self, text: &[u8]) -> bool {
        !text.is_empty() && text.iter().all(|byte| self.holds(*byte))
    }

    /// Appends a text, with all other bytes percent-encoded.
    pub(crate) fn put_encoded(&self, mut text: &[u8], out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        while let Some(end) = text.iter().position(|byte| !self.holds(*byte)) {
            let byte = text[end];
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out.extend_from_slice(&text[..end]);
            out.extend_from_slice(&[b'%', DIGITS[high], DIGITS[low]]);
            text = &text[end + 1..];
        }
        out.extend_from_slice(text);
    }
}

/// A token (RFC 9110 §5.6.2).
pub(crate) static TOKEN: Bytes = Bytes::alphanumeric_and(b"!#$%&'*+-.^_`|~");

/// A path (RFC 3986 §3.3), with the `%` of what is encoded already.
pub(crate) static PATH: Bytes = Bytes::alphanumeric_and(b"-._~!$&'()*+,;=:@/%");

/// A query (RFC 3986 §3.4), likewise.
pub(crate) static QUERY: Bytes = Bytes::alphanumeric_and(b"-._~!$&'()*+,;=:@/%?");

/// A host name, as httpd takes it unless it is told to be lax.
pub(crate) static HOST_NAME: Bytes = Bytes::alphanumeric_and(b"-._~");

/// An address or a name, and no list of them.
pub(crate) static ADDRESS: Bytes = Bytes::alphanumeric_and(b".:-_%");

/// Base64 with its line ends.
pub(crate) static BASE64: Bytes = Bytes::alphanumeric_and(b"+/= \t\r\n");

/// What stays in the name of a header of ours. The `%` does not, so that the name can be had back.
pub(crate) static OWN_NAME: Bytes = Bytes::alphanumeric_and(b"!#$&'*+-.^_`|~");

/// What stays in the value of a header of ours: all that is visible but the `%`, and the `+`, of which
/// many a decoder makes a blank.
pub(crate) static OWN_VALUE: Bytes = Bytes::alphanumeric_and(b"!\"#$&'()*,-./:;<=>?@[\\]^_`{|}~");
