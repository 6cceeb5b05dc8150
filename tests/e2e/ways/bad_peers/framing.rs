//! Answers that have two readings, or none: lengths, codings, chunks.

use super::{Bad, Told, over_each};
use rjk_testbed::http_peer::{Script, Step};

over_each! { lengths codings first_chunks later_chunks bodiless }

const CODING: &[&str] = &["transfer coding"];
const LENGTH: &[&str] = &["Content-Length"];

fn head(fields: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}")
}

#[rustfmt::skip]
fn lengths() -> Vec<Bad> {
    let bad = |name, value: &str| {
        Bad::answer(
            name,
            &head(&format!("Content-Length: {value}\r\n"), "body"),
            LENGTH,
        )
    };
    vec![
        bad("length-plus", "+4"),
        bad("length-minus", "-4"),
        bad("length-hex", "0x4"),
        bad("length-float", "4.0"),
        bad("length-blank", "4 4"),
        bad("length-empty", ""),
        bad("length-list", "4, 4"),
        bad("length-list-differs", "4, 5"),
        bad("length-comma", "4,"),
        bad("length-quoted", "\"4\""),
        bad("length-huge", "99999999999999999999"),
        bad("length-beyond-a-file", "18446744073709551615"),
        bad("length-wide", "\u{b2}"),
        Bad::answer("two-lengths", &head("Content-Length: 4\r\nContent-Length: 4\r\n", "body"), LENGTH),
        Bad::answer("two-lengths-differ", &head("Content-Length: 4\r\nContent-Length: 9\r\n", "body"), LENGTH),
        Bad::answer("lengths-in-cases", &head("content-length: 9\r\nCONTENT-LENGTH: 4\r\n", "body"), LENGTH),
        Bad::good("length-zeros", &head("Content-Length: 0000000004\r\n", "body"), "body"),
        Bad::good("length-upper", &head("CONTENT-LENGTH:4\r\n", "body"), "body"),
        Bad::good("length-blanks-around", &head("Content-Length: \t 4 \t\r\n", "body"), "body"),
    ]
}

#[rustfmt::skip]
fn codings() -> Vec<Bad> {
    const CHUNKS: &str = "4\r\nbody\r\n0\r\n\r\n";
    let bad = |name, value: &str| {
        Bad::answer(
            name,
            &head(&format!("Transfer-Encoding: {value}\r\n"), CHUNKS),
            CODING,
        )
    };
    let two = |name, fields: &str| Bad::answer(name, &head(fields, CHUNKS), CODING);
    vec![
        bad("coding-gzip", "gzip"),
        bad("coding-gzip-chunked", "gzip, chunked"),
        bad("coding-chunked-gzip", "chunked, gzip"),
        bad("coding-chunked-twice", "chunked, chunked"),
        bad("coding-identity", "identity"),
        bad("coding-x", "xchunked"),
        bad("coding-cut", "chunke"),
        bad("coding-quoted", "\"chunked\""),
        bad("coding-parameter", "chunked;q=1"),
        bad("coding-comma", "chunked,"),
        bad("coding-comma-ahead", ",chunked"),
        bad("coding-empty", ""),
        two("coding-two-lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        two("coding-and-identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        two("identity-and-coding", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"),
        Bad::answer("te-cl", &head("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", CHUNKS), LENGTH),
        Bad::answer("cl-te", &head("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", CHUNKS), LENGTH),
        Bad::answer("cl-te-zero", &head("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKS), LENGTH),
        Bad::answer("cl-te-unknown", &head("Content-Length: 4\r\nTransfer-Encoding: x\r\n", CHUNKS), &[]),
        Bad::answer("te-vertical-tab", &head("Transfer-Encoding:\u{b}chunked\r\n", CHUNKS), &["0x0b"]),
        Bad::answer("te-space-colon", &head("Transfer-Encoding : chunked\r\n", CHUNKS), &["name of field"]),
        Bad::answer("te-folded", &head("X: y\r\n Transfer-Encoding: chunked\r\n", CHUNKS), &["blank"]),
        Bad::answer("te-folded-value", &head("Transfer-Encoding:\r\n chunked\r\n", CHUNKS), &["blank"]),
        Bad::answer("te-in-old", &format!("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{CHUNKS}"), CODING),
        Bad::good("coding-upper", &head("Transfer-Encoding: CHUNKED\r\n", CHUNKS), "body"),
        Bad::good("coding-mixed", &head("tRANSFER-eNCODING: cHuNkEd\r\n", CHUNKS), "body"),
    ]
}

fn chunked(body: &str) -> String {
    head(
        "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n",
        body,
    )
}

/// What is wrong with the first chunk: the client gets nothing of it.
#[rustfmt::skip]
fn first_chunks() -> Vec<Bad> {
    let bad = |name, body: &str, says| Bad::answer(name, &chunked(body), says);
    let long = "e".repeat(20_000);
    vec![
        bad("size-none", "\r\nbody\r\n0\r\n\r\n", &["size of a chunk"]),
        bad("size-0x", "0x4\r\nbody\r\n0\r\n\r\n", &["size of a chunk"]),
        bad("size-plus", "+4\r\nbody\r\n0\r\n\r\n", &["size of a chunk"]),
        bad("size-minus", "-4\r\nbody\r\n0\r\n\r\n", &["size of a chunk"]),
        bad("size-blank-ahead", " 4\r\nbody\r\n0\r\n\r\n", &["size of a chunk"]),
        bad("size-letter", "4g\r\nbody\r\n0\r\n\r\n", &["chunk"]),
        bad("size-overflow", "10000000000000004\r\nbody\r\n0\r\n\r\n", &["chunk"]),
        bad("size-largest", "ffffffffffffffff\r\nbody\r\n0\r\n\r\n", &["chunk"]),
        bad("size-many-zeros", "00000000000000000004\r\nbody\r\n0\r\n\r\n", &["chunk"]),
        bad("size-bare-lf", "4\nbody\r\n0\r\n\r\n", &["chunk"]),
        bad("size-bare-cr", "4\rbody\r\n0\r\n\r\n", &["chunk"]),
        bad("extension-control", "4;a=\u{1}\r\nbody\r\n0\r\n\r\n", &["chunk extension"]),
        bad("extension-bare-lf", "4;a\nbody\r\n0\r\n\r\n", &["chunk"]),
        bad("extension-long", &format!("4;{long}\r\nbody\r\n0\r\n\r\n"), &["extensions of a chunk"]),
        Bad::good("extension", &chunked("4;name=value;other=\"a b\"\r\nbody\r\n0\r\n\r\n"), "body"),
        Bad::good("size-zeros-upper", &chunked("000A\r\n0123456789\r\n0\r\n\r\n"), "0123456789"),
        Bad::good("trailers", &chunked("4\r\nbody\r\n0\r\nX-T: 1\r\nContent-Length: 9\r\n\r\n"), "body"),
    ]
}

/// What is good of it reaches the client ahead of what is not: the answer breaks off, and is never whole.
#[rustfmt::skip]
fn later_chunks() -> Vec<Bad> {
    let late = |name, body: &str, says| {
        let script = Script::new([
            Step::ReadBody,
            Step::text(&chunked("4\r\ngood\r\n")),
            Step::Sleep(std::time::Duration::from_millis(150)),
            Step::text(body),
        ]);
        Bad::new(name, script, Told::BrokenOff, says)
    };
    let trailers = "X-T: 1\r\n".repeat(300);
    vec![
        late("data-longer", "2\r\nlonger\r\n0\r\n\r\n", &["chunk"]),
        late("data-bare-lf", "4\r\nbody\n0\r\n\r\n", &["chunk"]),
        late("data-bare-cr", "4\r\nbody\r0\r\n\r\n", &["chunk"]),
        late("data-no-end", "4\r\nbody0\r\n\r\n", &["chunk"]),
        late("end-bare-lf", "4\r\nbody\r\n0\n\r\n", &["chunk"]),
        late("trailer-folded", "0\r\nX-T: 1\r\n 2\r\n\r\n", &["trailer"]),
        late("trailer-bare-lf", "0\r\nX-T: 1\nX-U: 2\r\n\r\n", &["trailer"]),
        late("trailer-space-colon", "0\r\nX-T : 1\r\n\r\n", &["trailer"]),
        late("trailers-without-end", &format!("0\r\n{trailers}\r\n"), &["trailer"]),
        late("close-in-size", "4", &["last chunk"]).closing(),
        late("close-in-data", "4\r\nbo", &["last chunk"]).closing(),
        late("close-behind-data", "4\r\nbody\r\n", &["last chunk"]).closing(),
        late("close-in-trailers", "4\r\nbody\r\n0\r\nX", &["last chunk"]).closing(),
        late("close-ahead-of-the-last-line", "4\r\nbody\r\n0\r\n", &["last chunk"]).closing(),
    ]
}

/// No body follows, whatever is announced; what comes all the same is nobody's.
#[rustfmt::skip]
fn bodiless() -> Vec<Bad> {
    let bad =
        |name, text: &str, status| Bad::new(name, Script::answer(text), Told::Status(status), &[]);
    const NEXT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond";
    vec![
        bad("body-of-204", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody", 204),
        bad("chunks-of-204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 204),
        bad("body-of-304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody", 304),
        bad("answer-behind-204", &format!("HTTP/1.1 204 No Content\r\n\r\n{NEXT}"), 204),
        Bad::good("answer-behind", &format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody{NEXT}"), "body"),
        Bad::good(
            "answer-behind-chunks",
            &format!(
                "{}{NEXT}",
                head("Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")
            ),
            "body",
        ),
        Bad::good("bytes-behind", &head("Content-Length: 4\r\n", "body\0\0\0\0"), "body"),
        Bad::good("line-ends-behind", &head("Content-Length: 4\r\n", "body\r\n\r\n"), "body"),
        Bad::good("answer-behind-none", &format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{NEXT}"), ""),
        Bad::new(
            "answer-later",
            Script::new([
                Step::ReadBody,
                Step::text(&head("Content-Length: 4\r\n", "body")),
                Step::Sleep(std::time::Duration::from_millis(30)),
                Step::text(NEXT),
            ]),
            Told::Whole("body".to_owned()),
            &[],
        ),
    ]
}

impl Bad {
    /// Closes behind it.
    fn closing(mut self) -> Bad {
        for steps in &mut self.script.on_request {
            steps.push(Step::Close);
        }
        self
    }
}
