//! Heads that are no HTTP/1.1, that another reader takes for something else, or that have no end.

use super::{Bad, Told, over_each};
use rjk_testbed::http_peer::{Script, Step};
use std::time::Duration;

over_each! { status_lines fields limits interim other_protocols }

const REST: &str = "Content-Length: 4\r\n\r\nbody";

#[rustfmt::skip]
fn status_lines() -> Vec<Bad> {
    let bad = |name, line: &str| Bad::answer(name, &format!("{line}\r\n{REST}"), &[]);
    let line = |name, line: &str, says| Bad::answer(name, &format!("{line}\r\n{REST}"), says);
    vec![
        line("status-two-digits", "HTTP/1.1 20 OK", &["status"]),
        line("status-four-digits", "HTTP/1.1 2000 OK", &["status"]),
        line("status-zero", "HTTP/1.1 000 OK", &["status"]),
        line("status-ninety-nine", "HTTP/1.1 099 OK", &["status"]),
        line("status-letters", "HTTP/1.1 OK", &["status"]),
        line("status-negative", "HTTP/1.1 -20 OK", &["status"]),
        line("status-two-blanks", "HTTP/1.1  200 OK", &["status"]),
        line("status-tab", "HTTP/1.1\t200 OK", &[]),
        bad("version-2", "HTTP/2.0 200 OK"),
        bad("version-2-short", "HTTP/2 200 OK"),
        bad("version-0", "HTTP/0.9 200 OK"),
        bad("version-1-2", "HTTP/1.2 200 OK"),
        bad("version-1-10", "HTTP/1.10 200 OK"),
        bad("name-lower", "http/1.1 200 OK"),
        bad("name-other", "ICY 200 OK"),
        bad("request-line", "GET / HTTP/1.1"),
        bad("blank-ahead", " HTTP/1.1 200 OK"),
        bad("line-end-ahead", "\r\nHTTP/1.1 200 OK"),
        line("reason-control", "HTTP/1.1 200 O\u{1}K", &["reason"]),
        line("reason-nul", "HTTP/1.1 200 O\0K", &["reason"]),
        // CVE-2026-33523: a CR alone ends a line for some.
        line("reason-bare-cr", "HTTP/1.1 200 OK\rX-Split: 1", &[]),
        line("reason-bare-lf", "HTTP/1.1 200 OK\nX-Split: 1", &["LF"]),
        Bad::good("reason-none", &format!("HTTP/1.1 200 \r\n{REST}"), "body"),
        Bad::good("reason-latin-1", &format!("HTTP/1.1 200 d'accord \u{e9}\r\n{REST}"), "body"),
        Bad::good("version-1-0", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body"),
    ]
}

#[rustfmt::skip]
fn fields() -> Vec<Bad> {
    let bad = |name, line: &str, says| {
        Bad::answer(name, &format!("HTTP/1.1 200 OK\r\n{line}\r\n{REST}"), says)
    };
    vec![
        bad("field-no-colon", "X-A", &["name of field"]),
        bad("field-no-name", ": 1", &["name of field"]),
        bad("field-space-colon", "X-A : 1", &["name of field"]),
        bad("field-tab-colon", "X-A\t: 1", &["name of field"]),
        bad("field-blank-in-name", "X A: 1", &["name of field"]),
        bad("field-name-control", "X\u{1}A: 1", &["name of field"]),
        bad("field-name-latin-1", "X\u{e9}: 1", &["name of field"]),
        bad("field-name-nul", "X\0: 1", &["name of field"]),
        bad("field-folded", "X-A: 1\r\n 2", &["blank"]),
        bad("field-folded-tab", "X-A: 1\r\n\t2", &["blank"]),
        bad("field-first-folded", " X-A: 1", &["blank"]),
        bad("field-bare-lf", "X-A: 1\nX-B: 2", &["LF"]),
        bad("field-bare-cr", "X-A: 1\rX-B: 2", &["0x0d"]),
        bad("field-two-crs", "X-A: 1\r", &["0x0d"]),
        bad("field-nul", "X-A: 1\0", &["0x00"]),
        bad("field-control", "X-A: \u{7}", &["0x07"]),
        bad("field-delete", "X-A: \u{7f}", &["0x7f"]),
        // CVE-2023-38709, CVE-2024-42516: what looks like a second answer in a value.
        bad("field-split", "X-A: 1\r\r\nHTTP/1.1 200 OK", &["0x0d"]),
        Bad::answer("head-bare-lf-end", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\nbody", &["LF"]),
        Bad::answer("head-all-bare-lf", "HTTP/1.1 200 OK\nContent-Length: 4\n\nbody", &["LF"]),
        Bad::good("field-latin-1", &format!("HTTP/1.1 200 OK\r\nX-A: \u{e9}\u{ff}\r\n{REST}"), "body"),
        Bad::good("field-empty", &format!("HTTP/1.1 200 OK\r\nX-A:\r\n{REST}"), "body"),
        // CVE-2024-38476: no local handler, no local redirect comes of an answer's headers.
        Bad::good("local-redirect", &format!("HTTP/1.1 200 OK\r\nLocation: /\r\nStatus: 404\r\n{REST}"), "body"),
        Bad::good("local-handler", &format!("HTTP/1.1 200 OK\r\nContent-Type: server-status\r\n{REST}"), "body"),
        // CVE-2022-37436: nothing of the head is lost.
        Bad::good("hop-by-hop", &format!("HTTP/1.1 200 OK\r\nConnection: X-Gone, Content-Length\r\nX-Gone: 1\r\n{REST}"), "body"),
    ]
}

#[rustfmt::skip]
fn limits() -> Vec<Bad> {
    let with = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}{REST}");
    let field = |length: usize| format!("X-Long: {}\r\n", "v".repeat(length));
    let endless = |text: &'static str| {
        Script::new([
            Step::ReadBody,
            Step::text("HTTP/1.1 200 OK\r\n"),
            Step::run(move |connection| {
                loop {
                    connection.send(text.as_bytes())?;
                }
            }),
        ])
    };
    let reason = "r".repeat(9000);
    let name = "n".repeat(9000);
    vec![
        Bad::answer("line-too-long", &with(&field(8200)), &["longer than"]),
        Bad::answer("name-too-long", &with(&format!("{name}: 1\r\n")), &["longer than"]),
        Bad::answer("reason-too-long", &format!("HTTP/1.1 200 {reason}\r\n{REST}"), &["longer than"]),
        Bad::answer("too-many-fields", &with(&"X-Many: 1\r\n".repeat(300)), &["fields"]),
        Bad::answer("head-too-large", &with(&field(7000).repeat(12)), &["longer than"]),
        Bad::new("line-without-end", endless("x"), Told::Status(502), &["longer than"]),
        Bad::new("head-without-end", endless("X-A: 1\r\n"), Told::Status(502), &["head"]),
        Bad::good("line-long", &with(&field(7900)), "body"),
        Bad::good("many-fields", &with(&"X-Many: 1\r\n".repeat(150)), "body"),
        Bad::good("head-large", &with(&field(5000).repeat(10)), "body"),
    ]
}

#[rustfmt::skip]
fn interim() -> Vec<Bad> {
    const FINAL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
    let times = |count: usize, head: &str| format!("{}{FINAL}", head.repeat(count));
    let forever = Script::new([
        Step::ReadBody,
        Step::run(|connection| {
            loop {
                connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")?;
                std::thread::sleep(Duration::from_millis(2));
            }
        }),
    ]);
    vec![
        Bad::answer("eleven-interim", &times(11, "HTTP/1.1 103 Early Hints\r\n\r\n"), &["interim"]),
        Bad::new("interim-for-ever", forever, Told::Status(502), &["interim"]),
        Bad::answer("interim-with-a-length", &times(1, "HTTP/1.1 103 Hints\r\nContent-Length: 4\r\n\r\n"), &["interim"]),
        Bad::answer("interim-with-chunks", &times(1, "HTTP/1.1 100 C\r\nTransfer-Encoding: chunked\r\n\r\n"), &["interim"]),
        Bad::answer("interim-with-a-body", &times(1, "HTTP/1.1 100 Continue\r\n\r\nbody"), &[]),
        Bad::answer("switch-unasked", "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", &["switches"]),
        Bad::answer("switch-to-nothing", "HTTP/1.1 101 Switching\r\n\r\n", &["switches"]),
        Bad::answer("interim-alone", "HTTP/1.1 100 Continue\r\n\r\n", &["the"]).closing_now(),
        Bad::good("ten-interim", &times(10, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), "body"),
        Bad::good("continue-unasked", &times(1, "HTTP/1.1 100 Continue\r\n\r\n"), "body"),
        Bad::good("interim-unknown", &times(1, "HTTP/1.1 199 Own\r\nX-A: 1\r\n\r\n"), "body"),
    ]
}

#[rustfmt::skip]
fn other_protocols() -> Vec<Bad> {
    const PORT: &[&str] = &["HTTP"];
    vec![
        Bad::answer("http2-settings", "\0\0\u{c}\u{4}\0\0\0\0\0\0\u{3}\0\0\0d\0\u{4}\0\0\u{ff}\u{ff}", PORT),
        Bad::answer("http2-preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", PORT),
        Bad::answer("ajp", "AB\0\u{1}\t", PORT),
        Bad::answer("tls-alert", "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}", PORT),
        Bad::answer("ssh", "SSH-2.0-OpenSSH_9.2p1\r\n", PORT),
        Bad::answer("smtp", "220 mail.test ESMTP\r\n", PORT),
        Bad::answer("nuls", "\0\0\0\0\0\0\0\0", PORT),
        Bad::answer("page-without-a-head", "<html><body>moved</body></html>", PORT),
    ]
}

impl Bad {
    fn closing_now(mut self) -> Bad {
        for steps in &mut self.script.on_request {
            steps.push(Step::Close);
        }
        self
    }
}
