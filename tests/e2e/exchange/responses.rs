//! Answers on their way to the client: flushes, HEAD, bodyless statuses, hop-by-hop headers, and
//! 100-continue (RS-05, RS-09, RS-11…RS-13, O-10, O-11, BD-02, CP-16).

use super::world;
use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::{Peer, Result, Subject};
use std::time::{Duration, Instant};

/// How long the peers below pause; what comes much sooner was flushed.
const PAUSE: Duration = Duration::from_millis(800);

/// Options, what the worker does, whether the head comes at once, whether the first byte does.
type Flush = (&'static str, Vec<Step>, bool, bool);

/// RS-11, RS-12.
fn flush_rows() -> [Flush; 5] {
    let head = || Step::Head(Head::ok());
    let byte = || Step::text("x");
    let pause = || Step::Sleep(PAUSE);
    let end = || Step::End(true);
    let late_end = || vec![head(), byte(), pause(), end()];
    let late_byte = || vec![head(), pause(), byte(), end()];
    let flushed = vec![head(), byte(), Step::Flush, pause(), end()];
    [
        ("", late_end(), false, false),
        ("", flushed, true, true),
        ("+FlushPackets", late_end(), true, true),
        ("+FlushHeader", late_byte(), true, false),
        ("", late_byte(), false, false),
    ]
}

fn flushes(subject: Subject) -> Result {
    for (options, steps, head, byte) in flush_rows() {
        let peer = Peer::start(Script::new(steps))?;
        let mut server = world::server(subject, &["w".into()], &peer.worker("w"));
        if !options.is_empty() {
            server = server.directives(format!("JkOptions {options}"));
        }
        let httpd = server.start()?;
        let mut client = Client::connect(httpd.port())?;
        let begin = Instant::now();
        let get = Request::get("/w/").header("Connection", "close");
        client.raw(&get.head_bytes())?;
        assert_eq!(client.head()?.status, 200);
        let head_at = begin.elapsed();
        client.read_some(1)?;
        let byte_at = begin.elapsed();
        assert_eq!(
            (head_at < PAUSE, byte_at < PAUSE),
            (head, byte),
            "{options:?}: head after {head_at:?}, byte after {byte_at:?}"
        );
    }
    Ok(())
}

#[test]
fn rjk_flushes() -> Result {
    flushes(Subject::Rjk)
}

#[test]
fn modjk_flushes() -> Result {
    flushes(Subject::ModJk)
}

/// RS-09, RS-13: what a worker sends as the body of an answer that has none goes no further, and
/// the client's connection stays in step.
fn bodyless(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = world::server(subject, &["w".into()], &peer.worker("w")).start()?;
    let mut client = Client::connect(httpd.port())?;
    for (method, status) in [("HEAD", 200), ("HEAD", 404), ("GET", 304), ("GET", 204)] {
        let head = Head::new(status).header("Content-Length", "4");
        peer.set(Script::answer(
            head,
            if method == "HEAD" { "body" } else { "" },
        ));
        let answer = client.send(&Request::new(method, "/w/"))?;
        assert_eq!((answer.status, answer.body.len()), (status, 0), "{method}");
        peer.set(Behaviour::Echo);
        let next = client.send(&Request::get("/w/"))?;
        assert_eq!(
            (next.status, &next.end),
            (200, &BodyEnd::Complete),
            "after {method} {status}"
        );
        assert_eq!(next.field("method").as_deref(), Some("GET"));
    }
    assert_eq!(peer.connections(), 1);
    Ok(())
}

#[test]
fn rjk_bodyless() -> Result {
    bodyless(Subject::Rjk)
}

#[test]
fn modjk_bodyless() -> Result {
    bodyless(Subject::ModJk)
}

/// RS-05, BG-08, CP-16: hop-by-hop headers end here, with those that Connection names; others not.
#[test]
fn rjk_hop_by_hop() -> Result {
    let head = Head::ok()
        .header("Transfer-Encoding", "chunked")
        .header("Connection", "close, X-Gone")
        .header("Keep-Alive", "timeout=5")
        .header("Upgrade", "x")
        .header("X-Gone", "1")
        .header("X-Kept", "1");
    let peer = Peer::start(Script::answer(head, "body"))?;
    let httpd = world::server(Subject::Rjk, &["w".into()], &peer.worker("w")).start()?;
    let mut client = Client::connect(httpd.port())?;
    for _ in 0..2 {
        let answer = client.send(&Request::get("/w/"))?;
        assert_eq!(
            (answer.text().as_str(), &answer.end),
            ("body", &BodyEnd::Complete)
        );
        // A Transfer-Encoding is httpd's own: the body above came out of it whole.
        for gone in ["X-Gone", "Keep-Alive", "Upgrade", "Connection"] {
            assert_eq!(answer.header(gone), None, "{gone}");
        }
        assert_eq!(answer.header("X-Kept"), Some("1"));
    }
    Ok(())
}

/// BD-02: the client is told to go on as soon as the request is forwarded; once.
fn expect_continue(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = world::server(subject, &["w".into()], &peer.worker("w")).start()?;
    let mut client = Client::connect(httpd.port())?;
    let post = Request::new("POST", "/w/")
        .header("Expect", "100-continue")
        .header("Content-Length", "20000");
    client.raw(&post.head_bytes())?;
    assert_eq!(client.head()?.status, 100);
    client.raw(&[b'x'; 20_000])?;
    let answer = client.response("POST")?;
    assert_eq!((answer.status, answer.interim), (200, vec![]));
    assert_eq!(peer.only_request()?.body().len(), 20_000);
    Ok(())
}

#[test]
fn rjk_expect_continue() -> Result {
    expect_continue(Subject::Rjk)
}

#[test]
fn modjk_expect_continue() -> Result {
    expect_continue(Subject::ModJk)
}
