//! Names of headers.

/// A name that a protocol has a code for: it is a token, which is known when the program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownName {
    name: &'static str,
    is_length: bool,
    is_connection: bool,
}

impl KnownName {
    /// The name; `None` when it is no token.
    pub const fn new(name: &'static str) -> Option<KnownName> {
        if !is_token(name.as_bytes()) {
            return None;
        }
        Some(KnownName {
            name,
            is_length: name.eq_ignore_ascii_case("Content-Length"),
            is_connection: name.eq_ignore_ascii_case("Connection"),
        })
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// Whether it is Content-Length.
    pub(crate) const fn is_length(self) -> bool {
        self.is_length
    }

    /// Whether it is Connection.
    pub(crate) const fn is_connection(self) -> bool {
        self.is_connection
    }
}

/// RFC 9110 §5.6.2.
pub(crate) const fn is_token(name: &[u8]) -> bool {
    let mut at = 0;
    while at < name.len() {
        if !TOKEN[name[at] as usize] {
            return false;
        }
        at += 1;
    }
    !name.is_empty()
}

const TOKEN: &[bool; 256] = &table();

const fn table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut next = 0;
    while next < others.len() {
        table[others[next] as usize] = true;
        next += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_is_a_token() {
        for name in ["", "a b", "Content-Type:", "Set\u{2d}Cookie\n", "\u{e4}"] {
            assert_eq!(KnownName::new(name), None, "{name:?}");
        }
        for (name, is_length) in [
            ("B", false),
            ("Content-Length", true),
            ("content-length", true),
        ] {
            let known = KnownName::new(name).unwrap();
            assert_eq!((known.as_str(), known.is_length()), (name, is_length));
        }
    }
}
