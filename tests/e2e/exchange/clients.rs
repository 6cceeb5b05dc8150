//! Clients that go away, are slow, or are answered early; and the requests after them (F-14, F-15,
//! BD-08, G-15, CV-05, CP-01, CP-02, CP-08, RS-16, RO-03).

use rjk_testbed::client::{self, BodyEnd, Client, Request, Response};
use rjk_testbed::digest::{bytes, sha256_hex};
use rjk_testbed::peer::{Behaviour, BodyPacket, Head, Script, Step};
use rjk_testbed::{
    Gate, Httpd, Peer, Result, Subject, Tomcat, Version, both, farm, on_mpm, process, wait,
};
use std::time::Duration;

both! { aborted_uploads aborted_download early_answers }
on_mpm! { Worker worker: aborted_uploads aborted_download early_answers }
on_mpm! { Prefork prefork: aborted_uploads aborted_download }

/// A balancer `lb` with one member that leads to the peer, so that the member's state shows.
fn balancer(subject: Subject, peer: &Peer, settings: &str) -> Result<Httpd> {
    let workers = format!(
        "{}worker.lb.type=lb\nworker.lb.balance_workers=m\n{settings}\n",
        peer.worker("m")
    );
    farm::server(subject, &["lb"], &workers)
        .access_log("%m %>s")
        .start()
}

fn get(httpd: &Httpd) -> Result<Response> {
    Ok(client::get(httpd.port(), "/lb/")?)
}

/// The member is as it was: not in error, and nothing is in flight.
fn assert_unharmed(httpd: &Httpd, subject: Subject, client_errors: u64) -> Result {
    if subject == Subject::Rjk {
        farm::wait_idle(httpd)?;
        let page = farm::status_page(httpd)?;
        assert_eq!(page.numbers("errors"), [0], "CP-02");
        assert_eq!(
            page.numbers("client_errors"),
            [client_errors],
            "SV-05, BG-19"
        );
    }
    assert_eq!(get(httpd)?.field("peer").as_deref(), Some("peer"));
    httpd.assert_clean();
    Ok(())
}

/// A request that announces `length` bytes, or chunks, and sends `sent` of them.
fn partial(httpd: &Httpd, length: Option<usize>, sent: &[u8]) -> Result<Client> {
    let mut client = Client::connect(httpd.port())?;
    let framing = length.map_or_else(
        || "Transfer-Encoding: chunked".to_owned(),
        |length| format!("Content-Length: {length}"),
    );
    client.raw(format!("POST /lb/ HTTP/1.1\r\nHost: rjk.test\r\n{framing}\r\n\r\n").as_bytes())?;
    if length.is_none() {
        client.raw(format!("{:x}\r\n", sent.len() + 1).as_bytes())?;
    }
    client.raw(sent)?;
    Ok(client)
}

/// BD-08, CV-05, CP-01: the body breaks off in the first packet (K-06), in a later one, or in a
/// chunk. The worker's connection is never used again; the member stays as it is.
fn aborted_uploads(subject: Subject) -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let httpd = balancer(subject, &peer, "")?;
    let rows = [
        (Some(100), 0, true),
        (Some(100), 10, true),
        (Some(100_000), 20_000, false),
        (None, 20_000, false),
    ];
    for (index, (length, sent, first)) in rows.into_iter().enumerate() {
        for reset in [false, true] {
            let number = 2 * index + usize::from(reset);
            let client = partial(&httpd, length, &vec![b'x'; sent])?;
            if sent > 0 && !first {
                peer.wait_requests(number + 1)?;
            }
            if reset {
                client.abort()?;
            } else {
                client.finish_sending()?;
            }
            let line = httpd.access_lines(number + 1)?.swap_remove(number);
            assert_eq!(line, "POST 400", "F-14: {length:?} {sent}");
            let ended = || peer.endings().len() > number;
            wait::until("the worker's connection ends", wait::SOON, ended)?;
            let request = peer.wait_requests(number + 1)?.swap_remove(number);
            let broken = request.body_packets.contains(&BodyPacket::Broken);
            assert_eq!(
                broken, first,
                "K-06: {length:?} {sent} {:?}",
                request.body_packets
            );
        }
    }
    assert_eq!(peer.requests().len(), 8, "none was sent twice");
    assert_eq!(peer.connections(), 8);
    assert_unharmed(&httpd, subject, 8)
}

/// Sends without an end.
fn endless() -> Script {
    Script::new([
        Step::ReadBody,
        Step::Head(Head::ok()),
        Step::run(|connection| {
            loop {
                connection.step(&Step::Chunk(vec![b'x'; 8000]))?;
            }
        }),
    ])
}

/// F-15, RS-16: the client goes away in the middle of an answer that has no end. With bit 4 as
/// without, the worker's connection ends (RO-03).
fn aborted_download(subject: Subject) -> Result {
    for bits in [0, 4] {
        let peer = Peer::start(endless().then_echo())?;
        let httpd = balancer(subject, &peer, &format!("worker.m.recovery_options={bits}"))?;
        let mut client = Client::connect(httpd.port())?;
        client.raw(&Request::get("/lb/").head_bytes())?;
        assert_eq!(client.head()?.status, 200);
        client.read_some(100_000)?;
        client.abort()?;
        wait::until("the worker's connection ends", wait::SOON, || {
            peer.endings().len() == 1
        })?;
        assert_eq!(httpd.access_lines(1)?[0], "GET 200", "F-15");
        assert_eq!(peer.requests().len(), 1);
        assert_unharmed(&httpd, subject, 1)?;
    }
    Ok(())
}

/// CP-08, G-15: answers that come before the body was read, with bodies that fit into the first
/// packet and that do not; the client's and the worker's connections stay in step.
fn early_answers(subject: Subject) -> Result {
    let answer = [
        Step::Head(Head::ok().header("Content-Length", "5")),
        Step::text("early"),
        Step::End(true),
    ];
    let peer = Peer::start(Script::new(answer))?;
    let httpd = balancer(subject, &peer, "")?;
    let mut client = Client::connect(httpd.port())?;
    for length in [1, 100, 8186, 8187, 500_000] {
        for chunked in [false, true] {
            let post = Request::new("POST", "/lb/");
            let body = vec![b'x'; length];
            let post = if chunked {
                post.chunked(body, 3000)
            } else {
                post.body(body)
            };
            let answer = client.send(&post)?;
            assert_eq!((answer.status, answer.text().as_str()), (200, "early"));
            assert_eq!(answer.end, BodyEnd::Complete);
        }
    }
    assert!(
        peer.requests()
            .iter()
            .all(|request| request.method == "POST")
    );
    peer.set(Behaviour::Echo);
    assert_eq!(
        client.send(&Request::get("/lb/"))?.field("body").as_deref(),
        Some("0")
    );
    assert_eq!((peer.requests().len(), peer.connections()), (11, 1));
    assert_unharmed(&httpd, subject, 0)
}

fn upload(target: &str) -> Request {
    Request::new("POST", target).header("Content-Type", "application/octet-stream")
}

/// An upload that is read to its end.
fn whole(client: &mut Client, sent: &[u8]) -> Result {
    let answer = client.send(&upload("/testbed/upload.jsp").body(sent))?;
    assert_eq!(answer.field("sha256"), Some(sha256_hex(sent)), "{answer:?}");
    Ok(())
}

/// Leaves in the middle of a download, and in the middle of an upload.
fn leave_both(httpd: &Httpd, sent: &[u8], reset: bool) -> Result {
    let mut leaving = Client::connect(httpd.port())?;
    let download = Request::get("/testbed/download.jsp?bytes=30000000&length=1");
    leaving.raw(&download.head_bytes())?;
    assert_eq!(leaving.head()?.status, 200);
    leaving.read_some(10_000)?;
    if reset {
        leaving.abort()?;
    }
    let mut leaving = Client::connect(httpd.port())?;
    let length = sent.len().to_string();
    let request = upload("/testbed/upload.jsp").header("Content-Length", &length);
    leaving.raw(&request.head_bytes())?;
    leaving.raw(&sent[..50_000])?;
    leaving.abort()?;
    Ok(())
}

/// The same with a Tomcat, whose servlet reads a part of the body, and whose pages go on for longer
/// than the client stays; many times over, so that a leak would show.
#[test]
fn rjk_tomcat_and_impatient_clients() -> Result {
    let workers = Tomcat::shared(Version::V9)?.worker("testbed");
    let httpd = farm::server(Subject::Rjk, &["testbed"], &workers).start()?;
    let sent = bytes(9, 300_000);
    let mut kept = Client::connect(httpd.port())?;
    whole(&mut kept, &sent)?;
    let child = httpd.only_child()?;
    let descriptors = process::open_fds(child)?;
    for round in 0..10 {
        let limited = upload("/testbed/upload.jsp?limit=10").body(sent.clone());
        let answer = kept.send(&limited)?;
        assert_eq!(answer.field("bytes").as_deref(), Some("10"), "{answer:?}");
        whole(&mut kept, &sent)?;
        leave_both(&httpd, &sent, round % 2 == 0)?;
    }
    farm::wait_idle(&httpd)?;
    whole(&mut kept, &sent)?;
    drop(kept);
    assert_eq!(httpd.only_child()?, child);
    // Connections of requests that ran at the same time stay in the pool.
    wait::until("no descriptor too many", wait::SOON, || {
        process::open_fds(child).is_ok_and(|now| now <= descriptors + 4)
    })?;
    httpd.assert_clean();
    Ok(())
}

/// A client that takes its time, for a download and for an upload.
#[test]
fn rjk_slow_clients() -> Result {
    let tomcat = Tomcat::shared(Version::V10)?;
    let httpd = farm::server(Subject::Rjk, &["testbed"], &tomcat.worker("testbed")).start()?;
    let sent = bytes(1, 2_000_000);
    let mut client = Client::connect(httpd.port())?;
    client
        .raw(&Request::get("/testbed/download.jsp?bytes=2000000&seed=1&length=1").head_bytes())?;
    client.head()?;
    let mut got = Vec::new();
    while got.len() < sent.len() {
        let most = (sent.len() - got.len()).min(100_000);
        got.extend(client.read_some(most)?);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(got == sent);

    let post = Request::new("POST", "/testbed/upload.jsp")
        .header("Content-Type", "application/octet-stream")
        .header("Content-Length", "30000");
    client.raw(&post.head_bytes())?;
    for piece in sent[..30_000].chunks(1000) {
        client.raw(piece)?;
        std::thread::sleep(Duration::from_millis(10));
    }
    let answer = client.response("POST")?;
    assert_eq!(answer.field("sha256"), Some(sha256_hex(&sent[..30_000])));
    farm::wait_idle(&httpd)
}

/// BG-08: a body that is streamed and longer or shorter than announced: the client's connection
/// ends, so that nothing of it is taken for the next answer. (mod_jk leaves it open.)
#[test]
fn rjk_wrong_content_length() -> Result {
    for (announced, body) in [("6", "ok"), ("20", "short")] {
        let gate = Gate::new();
        let peer = Peer::start(Script::new([
            Step::Head(Head::ok().header("Content-Length", announced)),
            Step::text(body),
            Step::Flush,
            gate.step(),
            Step::text(if announced == "6" { "too long" } else { "" }),
            Step::End(true),
        ]))?;
        let httpd = balancer(Subject::Rjk, &peer, "")?;
        let mut client = Client::connect(httpd.port())?;
        let answer = client.send_and_then(&Request::get("/lb/"), || gate.open())?;
        assert_eq!((answer.status, answer.text().as_str()), (200, body));
        assert!(matches!(answer.end, BodyEnd::Broken(_)));
        assert!(client.read_some(10)?.is_empty(), "the connection is closed");
        assert_eq!(peer.requests().len(), 1);
        assert!(
            httpd.jk_log().contains("Content-Length"),
            "{}",
            httpd.jk_log()
        );
        peer.set(Behaviour::Echo);
        assert_eq!(get(&httpd)?.status, 200);
        assert_eq!(peer.connections(), 2);
    }
    Ok(())
}

/// Half an answer of either framing ends visibly, and its connection with it.
#[test]
fn rjk_half_an_answer() -> Result {
    for head in [Head::ok(), Head::ok().header("Content-Length", "100")] {
        let chunked = head.headers.len() == 1;
        let gate = Gate::new();
        let peer = Peer::start(Script::new([
            Step::Head(head),
            Step::text("half"),
            Step::Flush,
            gate.step(),
            Step::Close,
        ]))?;
        let httpd = balancer(Subject::Rjk, &peer, "")?;
        let mut client = Client::connect(httpd.port())?;
        let answer = client.send_and_then(&Request::get("/lb/"), || gate.open())?;
        assert_eq!((answer.status, answer.text().as_str()), (200, "half"));
        assert_eq!(answer.header("Transfer-Encoding").is_some(), chunked);
        assert!(matches!(answer.end, BodyEnd::Broken(_)), "{answer:?}");
        assert!(client.read_some(10)?.is_empty(), "the connection is closed");
        assert_eq!(peer.requests().len(), 1, "RO-06");
    }
    Ok(())
}
