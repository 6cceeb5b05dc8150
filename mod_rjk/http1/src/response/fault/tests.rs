use super::*;
use httparse::{EMPTY_HEADER, Response};
use proptest::prelude::*;

/// Bytes that matter to a head, and some that do not.
fn any_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => proptest::sample::select(b"HTP/1.02 :aA-_\t\r\n\0\x0b\x7f\xe4\";".to_vec()),
        1 => any::<u8>(),
    ]
}

/// What a section is made of before it gets a fault.
fn any_section() -> impl Strategy<Value = Vec<u8>> {
    let status = proptest::sample::select(vec![
        "HTTP/1.1 200 OK",
        "HTTP/1.0 404",
        "HTTP/1.1 999 ",
        "HTTP/1.1 200  two",
    ]);
    let field = proptest::sample::select(vec!["A: 1", "b:2", "C:", "D: \t3 ", "x-y_z: \u{e4}"]);
    let fields = proptest::collection::vec(field, 0..4);
    let change = (any::<proptest::sample::Index>(), any_byte());
    let changes = proptest::collection::vec(change, 0..3);
    (status, fields, changes).prop_map(|(status, fields, changes)| {
        let mut lines = vec![status];
        lines.extend(fields);
        let mut section = lines.join("\r\n").into_bytes();
        for (place, byte) in changes {
            let place = place.index(section.len());
            section[place] = byte;
        }
        section.extend_from_slice(b"\r\n\r\n");
        section
    })
}

/// What the search for a section's end has made sure of.
fn ends_properly(section: &[u8]) -> bool {
    let lines: Vec<_> = section.split_inclusive(|&byte| byte == b'\n').collect();
    let (last, others) = lines.split_last().unwrap();
    *last == b"\r\n"
        && others
            .iter()
            .all(|line| line.len() > 2 && line.ends_with(b"\r\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    /// Two readings of the rules, ours and the parser's: each finds what the other finds.
    #[test]
    fn ours_and_the_parsers_reading_agree(section in any_section()) {
        if !section.starts_with(b"HTTP/") || !ends_properly(&section) {
            return Ok(());
        }
        let mut room = [EMPTY_HEADER; 8];
        let mut response = Response::new(&mut room);
        let theirs = response.parse(&section);
        let ours = in_head(&section);
        let accepted = matches!(ours, ProtocolError::Malformed { .. });
        prop_assert_eq!(accepted, theirs.is_ok(), "{:?} {:?}", theirs, ours);
    }
}
