//! However the bytes arrive, the same comes out; whatever they are, nothing panics.

use super::*;
use proptest::prelude::*;

/// Pieces of responses, sound and not.
const PIECES: [&str; 42] = [
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200\r\n",
    "HTTP/1.1 204 None\r\n",
    "HTTP/1.1 304 \r\n",
    "HTTP/1.1 404 x\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/2.0 200 OK\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length : 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Keep-Alive: timeout=20\r\n",
    "A: b\r\n",
    " folded\r\n",
    "no colon\r\n",
    "A: \u{1}\r\n",
    "\r\n",
    "\r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "hello",
    "0\r\n\r\n",
    "0\r\n",
    "5\r\nhello\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "5;a=b\r\nhello\r\n",
    "5\r\nhell",
    "3\r\nabc",
    "a\r\n",
    "fffffffff\r\n",
    "x",
    " ",
];

pub(super) fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = proptest::sample::select(PIECES.to_vec());
    let sound = prop_oneof![
        Just("HTTP/1.1 200 OK\r\n"),
        Just("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Just("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        Just(""),
    ];
    let change = (any::<proptest::sample::Index>(), any::<u8>());
    let changes = prop_oneof![
        4 => Just(Vec::new()),
        1 => proptest::collection::vec(change, 1..3),
    ];
    (sound, proptest::collection::vec(piece, 0..7), changes).prop_map(|(sound, pieces, changes)| {
        let mut stream = [sound, &pieces.concat()].concat().into_bytes();
        for (place, byte) in changes {
            if !stream.is_empty() {
                let place = place.index(stream.len());
                stream[place] = byte;
            }
        }
        stream
    })
}

fn any_expected() -> impl Strategy<Value = Expected> {
    let body = prop_oneof![
        2 => Just(BodyLength::None),
        1 => Just(BodyLength::Known(10)),
        1 => Just(BodyLength::Chunked),
    ];
    (body, any::<[bool; 3]>()).prop_map(|(body, flags)| Expected {
        body,
        head_request: flags[0],
        awaits_continue: flags[1],
        upgrade: flags[2],
    })
}

/// Without what depends on how much lies in the buffer at the end.
fn without_rest(mut words: Vec<String>) -> Vec<String> {
    words.retain(|word| !word.starts_with("rest"));
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_size_of_the_reads_changes_nothing(
        stream in any_stream(), expected in any_expected(), size in 1..9_usize, cut: prop::sample::Index,
    ) {
        let whole = without_rest(drive(expected, &[&stream]));
        let pieces: Vec<&[u8]> = stream.chunks(size).collect();
        prop_assert_eq!(&without_rest(drive(expected, &pieces)), &whole);
        let (first, second) = stream.split_at(cut.index(stream.len() + 1));
        prop_assert_eq!(&without_rest(drive(expected, &[first, second])), &whole);
    }

    #[test]
    fn any_bytes_end_in_words(
        stream in proptest::collection::vec(any::<u8>(), 0..200), expected in any_expected(),
    ) {
        drive(expected, &[&stream]);
        let stream = [b"HTTP/1.1 200 OK\r\n", &stream[..]].concat();
        drive(expected, &[&stream]);
    }

    /// One head before any body, one end, nothing behind it.
    #[test]
    fn the_order_of_actions(stream in any_stream(), expected in any_expected()) {
        let words = drive(expected, &[&stream]);
        let place = |start: &str| words.iter().position(|word| word.starts_with(start));
        let count = |start: &str| words.iter().filter(|word| word.starts_with(start)).count();
        prop_assert!(count("head") <= 1 && count("finish") <= 1 && count("body") <= 1);
        prop_assert!(count("continue") + count("hint") <= 10);
        if let Some(head) = place("head") {
            prop_assert!(place("switch").is_none());
            let is_interim =
                |word: &String| word.starts_with("hint") || word.starts_with("continue");
            prop_assert!(!words[head + 1..].iter().any(is_interim));
        } else {
            prop_assert!(place("body").is_none() && place("finish").is_none());
        }
        if expected.head_request {
            prop_assert!(place("body").is_none());
        }
    }
}
