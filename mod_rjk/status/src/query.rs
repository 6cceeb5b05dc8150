//! What a query string says to the status worker (C-11).

use bstr::{BStr, BString, ByteSlice};
use rjk_config::number::leading_number;
use std::collections::HashMap;

/// The parameters of a request, each name once: of several of one name the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    parameters: Vec<(BString, BString)>,
    broken: Option<(BString, BString)>,
}

impl Query {
    /// Reads a query string. A value that cannot be decoded ends the reading: [`Query::broken`].
    ///
    /// What mod_jk masks is masked here too: `<`, `>` and `"` become `@`, before and after decoding; and
    /// so do control characters, which would end a line of the text formats. Names are not decoded.
    pub fn parse(raw: &[u8]) -> Query {
        let mut query = Query::default();
        let mut places: HashMap<BString, usize> = HashMap::new();
        for parameter in raw.split(|byte| *byte == b'&') {
            let Some((name, value)) = parameter.split_once_str("=") else {
                continue;
            };
            let name = masked(name.to_vec());
            let Some(value) = decode(value) else {
                query.broken = Some((name, masked(value.to_vec())));
                break;
            };
            let next = query.parameters.len();
            match *places.entry(name.clone()).or_insert(next) {
                place if place < next => query.parameters[place].1 = masked(value),
                _ => query.parameters.push((name, masked(value))),
            }
        }
        query
    }

    /// The parameter with a broken escape, and its value as it was sent.
    pub fn broken(&self) -> Option<(&BStr, &BStr)> {
        let (name, value) = self.broken.as_ref()?;
        Some((name.as_bstr(), value.as_bstr()))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&BStr> {
        let mut all = self.parameters.iter();
        let (_, value) = all.find(|(known, _)| known == name)?;
        Some(value.as_bstr())
    }

    /// A parameter as a number, read like `atoi` does; 0 when absent.
    pub fn number(&self, name: &str) -> i64 {
        self.get(name).map_or(0, |value| leading_number(value))
    }

    /// All parameters in the order of their first appearance, each once with its last value.
    pub fn iter(&self) -> impl Iterator<Item = (&BStr, &BStr)> {
        let pairs = self.parameters.iter();
        pairs.map(|(name, value)| (name.as_bstr(), value.as_bstr()))
    }
}

fn masked(mut text: Vec<u8>) -> BString {
    for byte in &mut text {
        if matches!(byte, b'<' | b'>' | b'"') || byte.is_ascii_control() {
            *byte = b'@';
        }
    }
    text.into()
}

/// Percent- and plus-decoded; `None` when an escape is broken or stands for NUL.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        decoded.push(match first {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(*after.first()?)?, hex(*after.get(1)?)?);
                rest = &after[2..];
                Some(high << 4 | low).filter(|byte| *byte != 0)?
            }
            byte => *byte,
        });
    }
    Some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(raw: &str) -> Vec<(String, String)> {
        let query = Query::parse(raw.as_bytes());
        let text = |(name, value): (&BStr, &BStr)| (name.to_string(), value.to_string());
        query.iter().map(text).collect()
    }

    #[test]
    fn c11_rows() {
        #[rustfmt::skip]
        let rows: [(&str, &[(&str, &str)]); 16] = [
            ("", &[]),
            ("cmd=list&re=5", &[("cmd", "list"), ("re", "5")]),
            ("cmd", &[]),
            ("&&cmd=&x", &[("cmd", "")]),
            ("=x", &[("", "x")]),
            ("a=b=c", &[("a", "b=c")]),
            ("mime==txt", &[("mime", "=txt")]),
            ("cmd=vers%69on", &[("cmd", "version")]),
            ("c%6dd=version", &[("c%6dd", "version")]),
            ("w=a+b%2Bc", &[("w", "a b+c")]),
            ("w=%3clb%22%3E%26%27", &[("w", "@lb@@&'")]),
            ("w=<lb>\"&<x>=1", &[("w", "@lb@@"), ("@x@", "1")]),
            ("sw=m%3f?", &[("sw", "m??")]),
            ("vwn=x%0a%0Dy%7f", &[("vwn", "x@@y@")]),
            ("a=1&b=2&a=3", &[("a", "3"), ("b", "2")]),
            ("w=%C3%A4", &[("w", "ä")]),
        ];
        for (raw, expected) in rows {
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(pairs(raw), expected, "{raw}");
        }
    }

    #[test]
    fn c11_a_broken_escape_ends_the_reading() {
        for value in ["%zz", "%4", "%", "a%g0", "%00", "x%"] {
            let raw = format!("mime=xml&x={value}&cmd=list");
            let query = Query::parse(raw.as_bytes());
            assert_eq!(query.get("mime"), Some("xml".into()), "{raw}");
            assert_eq!(query.get("cmd"), None, "{raw}");
            assert_eq!(query.broken(), Some(("x".into(), value.into())), "{raw}");
        }
    }

    #[test]
    fn c05_c06_numbers() {
        assert_eq!(Query::parse(b"opt=1&opt=%33").number("opt"), 3);
        assert_eq!(Query::parse(b"").number("opt"), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..60)) {
            let query = Query::parse(&raw);
            for (name, value) in query.iter() {
                let is_clean = |text: &BStr| {
                    text.iter().all(|byte| !byte.is_ascii_control() && !b"<>\"".contains(byte))
                };
                prop_assert!(is_clean(name) && is_clean(value));
                let text = std::str::from_utf8(name);
                prop_assert!(text.is_err() || query.get(text.unwrap()) == Some(value));
            }
        }

        #[test]
        fn what_is_encoded_comes_back(value in "[ -~&&[^<>\"]]{0,20}") {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let query = Query::parse(format!("w={encoded}").as_bytes());
            prop_assert_eq!(query.get("w"), Some(value.as_str().into()));
        }
    }
}
