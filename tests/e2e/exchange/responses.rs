//! Answers on their way to the client: HEAD, bodyless statuses, hop-by-hop headers, and 100-continue
//! (RS-05, RS-09, RS-13, BD-02, CP-16).

use rjk_testbed::client::{BodyEnd, Client, Request};
use rjk_testbed::peer::{Behaviour, Head, Script};
use rjk_testbed::{Peer, Result, Subject, both, farm, on_mpm};

both! { bodyless expect_continue }
on_mpm! { Worker worker: bodyless expect_continue }
on_mpm! { Prefork prefork: bodyless expect_continue }

/// RS-09, RS-13: what a worker sends as the body of an answer that has none goes no further, and
/// the client's connection stays in step.
fn bodyless(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = farm::server(subject, &["w"], &peer.worker("w")).start()?;
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
    let httpd = farm::server(Subject::Rjk, &["w"], &peer.worker("w")).start()?;
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
    let httpd = farm::server(subject, &["w"], &peer.worker("w")).start()?;
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
