//! What a worker sends, made of parts that are sound and parts that are not, and the fuzzer's corpus
//! without the fuzzer: tests/fuzz says what has to hold.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::io;
use std::path::Path;

#[path = "../../../tests/fuzz/checks/http_response.rs"]
mod http_response;

#[test]
fn http_response_corpus() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let mut count = 0;
    for file in std::fs::read_dir(root.join("http_response"))? {
        let path = file?.path();
        println!("{}", path.display());
        http_response::check(&std::fs::read(path)?);
        count += 1;
    }
    assert!(count > 10, "only {count} files");
    Ok(())
}

const STARTS: [&str; 10] = [
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200\r\n",
    "HTTP/1.1 204 None\r\n",
    "HTTP/1.1 304 \r\n",
    "HTTP/1.1 404 nicht da\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n",
    "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
    "HTTP/2.0 200 OK\r\n",
    "",
];

const FIELDS: [&str; 20] = [
    "Content-Length: 5\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "content-length:\t7 \r\n",
    "Content-Length: 5, 5\r\n",
    "Content-Length : 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:Chunked \r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive, A\r\n",
    "Keep-Alive: timeout=20\r\n",
    "A: b\r\n",
    "A:\r\n",
    "B: \u{e4} \t\r\n",
    " folded\r\n",
    "no colon\r\n",
    "A: \u{1}\r\n",
    "A: b\n",
];

const BODIES: [&str; 16] = [
    "",
    "hello",
    "hello and more",
    "hell",
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "2\r\nhe\r\n3 ;a=\"b\"\r\nllo\r\n0\r\nA: b\r\n\r\n",
    "0000005;\r\nhello\r\n00\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\nhello\n0\n\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "ffffffffffffffff\r\nhello",
    "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
    "5\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
];

/// Responses, most of them sound but for a byte or two.
fn any_response() -> impl Strategy<Value = Vec<u8>> {
    let fields = proptest::collection::vec(select(FIELDS.to_vec()), 0..3);
    let parts = (select(STARTS.to_vec()), fields, select(BODIES.to_vec()));
    (parts, any_changes()).prop_map(|((start, fields, body), changes)| {
        let head = [start, &fields.concat(), "\r\n"].concat();
        changed([head.as_str(), body].concat().into_bytes(), changes)
    })
}

/// Parts in any order.
fn any_parts() -> impl Strategy<Value = Vec<u8>> {
    let parts = [&STARTS[..], &FIELDS, &BODIES, &["\r\n", "\n", "\r", " "]].concat();
    let parts = proptest::collection::vec(select(parts), 0..8);
    (parts, any_changes())
        .prop_map(|(parts, changes)| changed(parts.concat().into_bytes(), changes))
}

fn any_changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop_oneof![
        3 => Just(Vec::new()),
        1 => proptest::collection::vec(any::<(Index, u8)>(), 1..3),
    ]
}

fn changed(mut stream: Vec<u8>, changes: Vec<(Index, u8)>) -> Vec<u8> {
    for (place, byte) in changes {
        if !stream.is_empty() {
            let place = place.index(stream.len());
            stream[place] = byte;
        }
    }
    stream
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn responses_with_faults(setup: u8, read_size in 0..40_u8, stream in any_response()) {
        http_response::check(&[&[setup, read_size], &stream[..]].concat());
    }

    #[test]
    fn parts_in_any_order(setup: u8, read_size in 0..40_u8, stream in any_parts()) {
        http_response::check(&[&[setup, read_size], &stream[..]].concat());
    }

    #[test]
    fn any_bytes(
        setup: u8, read_size in 0..40_u8, stream in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        http_response::check(&[&[setup, read_size], &stream[..]].concat());
        let head = b"HTTP/1.1 200 OK\r\n";
        http_response::check(&[&[setup, read_size], &head[..], &stream[..]].concat());
    }
}
