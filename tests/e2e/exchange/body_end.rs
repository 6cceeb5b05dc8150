//! How a request body ends: what httpd made of it decides. A broken body is never called whole
//! towards Tomcat, and nothing goes out behind the end of a response (F-14, BD-08, K-05, K-06).

use rjk_testbed::client::{Client, ClientError, Request};
use rjk_testbed::h2::{End, Stream};
use rjk_testbed::httpd::Builder;
use rjk_testbed::peer::{BodyPacket, Head, Script, Step};
use rjk_testbed::wait::SOON;
use rjk_testbed::{Httpd, Peer, Result, Subject, bail, ensure, farm, wait};
use std::io::ErrorKind;

/// What a peer sends behind the body that it got, in the hope that it becomes a second response.
const FORGED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
const CHUNKED: &str = "POST /w/x HTTP/1.1\r\nHost: rjk.test\r\nTransfer-Encoding: chunked\r\n\r\n";
const SIZED: &str = "POST /w/sized HTTP/1.1\r\nHost: rjk.test\r\nContent-Length: 20000\r\n\r\n";
/// A request that follows on the same connection, should httpd think that the body has ended.
const NEXT: &str = "GET /w/next HTTP/1.1\r\nHost: rjk.test\r\n\r\n";

/// What goes wrong with a body after its first 100 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// More than `LimitRequestBody`, by chunks.
    TooLarge,
    /// A chunk whose size is no number.
    BadChunk,
    /// A chunk whose size is beyond any number.
    HugeChunk,
    /// A trailer that is no header.
    BadTrailer,
    /// Nothing more within mod_reqtimeout's limit, in the middle of a chunk.
    Silent,
    /// Nothing more of a body with a length.
    SilentSized,
    /// The client sends no more, and waits for an answer.
    Ends,
    /// As [`Fault::Ends`], of a body with a length.
    EndsSized,
}

impl Fault {
    const ALL: [Fault; 8] = [
        Fault::TooLarge,
        Fault::BadChunk,
        Fault::HugeChunk,
        Fault::BadTrailer,
        Fault::Silent,
        Fault::SilentSized,
        Fault::Ends,
        Fault::EndsSized,
    ];

    /// The status that httpd chooses.
    fn status(self) -> u16 {
        match self {
            Fault::TooLarge | Fault::HugeChunk => 413,
            Fault::Silent | Fault::SilentSized => 408,
            _ => 400,
        }
    }

    fn is_sized(self) -> bool {
        matches!(self, Fault::SilentSized | Fault::EndsSized)
    }

    /// The head and the good part of the body.
    fn begin(self, client: &mut Client) -> Result {
        let (head, good) = if self.is_sized() {
            (SIZED, "x".repeat(9000))
        } else {
            (CHUNKED, format!("64\r\n{}\r\n", "x".repeat(100)))
        };
        client.raw(head.as_bytes())?;
        Ok(client.raw(good.as_bytes())?)
    }

    /// The bad part, with a request behind it where there can be one.
    fn go_wrong(self, client: &mut Client) -> Result {
        let bytes = match self {
            Fault::TooLarge => format!("7d0\r\n{}\r\n0\r\n\r\n{NEXT}", "x".repeat(2000)),
            Fault::BadChunk => format!("zz\r\n{NEXT}"),
            Fault::HugeChunk => format!("{}\r\n{NEXT}", "f".repeat(20)),
            Fault::BadTrailer => format!("0\r\nno header\r\n\r\n{NEXT}"),
            Fault::Silent => "64\r\nx".to_owned(),
            Fault::Ends => "64\r\nx".to_owned(),
            Fault::SilentSized | Fault::EndsSized => "x".to_owned(),
        };
        client.raw(bytes.as_bytes())?;
        if matches!(self, Fault::Ends | Fault::EndsSized) {
            client.finish_sending()?;
        }
        Ok(())
    }
}

/// Sends a head and a body byte by flush, then asks for body data to its end and goes on.
fn answers_first() -> Script {
    Script::new([
        Step::Head(Head::ok()),
        Step::text("first"),
        Step::Flush,
        Step::ReadBody,
        Step::text(FORGED),
        Step::End(true),
    ])
}

/// A limit of 1,000 bytes for `/w/x`; bodies may pause for a second.
fn limited(peer: &Peer) -> Builder {
    farm::server(Subject::Rjk, &["w"], &peer.worker("w"))
        .module("reqtimeout")
        .directives(
            "RequestReadTimeout body=1\n<Location /w/x>\nLimitRequestBody 1000\n</Location>",
        )
        .access_log("%m %>s %X")
}

/// All that comes until the connection ends; an error when it stays open.
fn rest(client: &mut Client) -> Result<String> {
    let mut all = Vec::new();
    loop {
        match client.read_some(4096) {
            Ok(bytes) if bytes.is_empty() => break,
            Ok(bytes) => all.extend(bytes),
            Err(ClientError::Io(error)) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => bail!("{error} after {:?}", String::from_utf8_lossy(&all)),
        }
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}

/// The worker saw no end of the body, and its connection ended.
fn assert_broken_for(peer: &Peer, number: usize, row: &str) -> Result {
    wait::until("the worker's connection ends", SOON, || {
        peer.endings().len() == number
    })?;
    for request in peer.requests() {
        let whole = request.body_packets.contains(&BodyPacket::End);
        ensure!(!whole, "{row}: the peer was told that the body is whole");
        ensure!(request.uri != "/w/next", "{row}: the rest became a request");
    }
    Ok(())
}

/// Before the response began the client gets the status, over HTTP/1.1.
#[test]
fn rjk_before_the_head() -> Result {
    let peer = Peer::start(Script::default())?;
    let httpd = limited(&peer).start()?;
    let mut wrong = Vec::new();
    for (index, fault) in Fault::ALL.into_iter().enumerate() {
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        fault.begin(&mut client)?;
        fault.go_wrong(&mut client)?;
        let status = client.response("POST").map(|response| response.status);
        if status.as_ref().ok() != Some(&fault.status()) {
            wrong.push(format!("{fault:?}: {status:?}"));
        }
        assert_eq!(rest(&mut client)?, "", "{fault:?}: behind the response");
        assert_broken_for(&peer, index + 1, &format!("{fault:?}"))?;
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    let logged = httpd.access_lines(Fault::ALL.len())?;
    let expected = Fault::ALL.map(|fault| format!("POST {} -", fault.status()));
    assert_eq!(logged, expected);
    // What its client noticed is an error, with the status; that it left is none.
    for (status, count) in [(413, 2), (400, 2), (408, 2)] {
        let line = format!("; the client got {status}");
        assert_eq!(httpd.jk_log().matches(&line).count(), count, "{status}");
    }
    assert_eq!(httpd.jk_log().matches("nothing to do").count(), 2);
    farm::wait_idle(&httpd)?;
    httpd.assert_clean();
    Ok(())
}

/// When the response has begun it breaks off visibly, over HTTP/1.1.
#[test]
fn rjk_after_the_head() -> Result {
    let peer = Peer::start(answers_first())?;
    let httpd = limited(&peer).start()?;
    let mut wrong = Vec::new();
    for (index, fault) in Fault::ALL.into_iter().enumerate() {
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        fault.begin(&mut client)?;
        assert_eq!(client.head()?.status, 200, "{fault:?}");
        assert_eq!(client.read_some(10)?, b"5\r\nfirst\r\n");
        fault.go_wrong(&mut client)?;
        match rest(&mut client) {
            Ok(rest) if rest.is_empty() => {}
            rest => wrong.push(format!("{fault:?}: {rest:?}")),
        }
        if let Err(error) = assert_broken_for(&peer, index + 1, &format!("{fault:?}")) {
            wrong.push(error.to_string());
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    farm::wait_idle(&httpd)?;
    httpd.assert_clean();
    Ok(())
}

/// A client that is gone gets nothing; the worker notices all the same.
#[test]
fn rjk_client_gone_after_the_head() -> Result {
    let peer = Peer::start(answers_first())?;
    let httpd = limited(&peer).start()?;
    for (index, fault) in [Fault::Silent, Fault::SilentSized].into_iter().enumerate() {
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        fault.begin(&mut client)?;
        assert_eq!(client.head()?.status, 200, "{fault:?}");
        client.abort()?;
        assert_broken_for(&peer, index + 1, &format!("{fault:?}"))?;
    }
    farm::wait_idle(&httpd)?;
    httpd.assert_clean();
    Ok(())
}

/// The error page of a broken body: a file, and one that Tomcat makes (G-13).
#[test]
fn rjk_error_pages() -> Result {
    let peer = Peer::start(Script::default())?;
    let httpd = limited(&peer)
        .directives(
            "ErrorDocument 413 /page.html\nErrorDocument 400 /w/page\nErrorDocument 408 /page.html",
        )
        .file("htdocs/page.html", "page")
        .start()?;
    for (fault, page, status) in [
        (Fault::TooLarge, "page", 413),
        (Fault::Silent, "page", 408),
        // G-13: the status of what Tomcat answers is Tomcat's.
        (Fault::BadChunk, "peer=peer\n", 200),
    ] {
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        fault.begin(&mut client)?;
        fault.go_wrong(&mut client)?;
        let response = client.response("POST")?;
        assert_eq!(response.status, status, "{fault:?}");
        assert!(response.text().starts_with(page), "{fault:?}: {response:?}");
        assert_eq!(rest(&mut client)?, "", "{fault:?}");
    }
    farm::wait_idle(&httpd)?;
    httpd.assert_clean();
    Ok(())
}

/// A client that waits for 100 and gets a final status sends no body: it is not a body of no bytes.
#[test]
fn rjk_no_body_after_a_refusal() -> Result {
    let peer = Peer::start(Script::new([
        Step::Head(Head::new(401)),
        Step::text("first"),
        Step::Flush,
        Step::ReadBody,
        Step::text(FORGED),
        Step::End(true),
    ]))?;
    let httpd = limited(&peer).start()?;
    let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
    let post = Request::new("POST", "/w/x").header("Expect", "100-continue");
    client.raw(&post.chunked("", 1).head_bytes())?;
    assert_eq!(client.head()?.status, 401);
    // httpd does not keep the connection then, and so does not chunk.
    assert_eq!(rest(&mut client)?, "first");
    assert_broken_for(&peer, 1, "401")?;
    httpd.assert_clean();
    Ok(())
}

/// The head is out and no byte of the body: httpd's 100 would be the first bytes of the response's
/// body. A client that sends its body untold has it taken.
#[test]
fn rjk_no_continue_inside_a_response() -> Result {
    for head in [Head::ok(), Head::ok().header("Content-Length", "4")] {
        let peer = Peer::start(Script::new([
            Step::Head(head),
            Step::Flush,
            Step::ReadBody,
            Step::text("last"),
            Step::End(true),
        ]))?;
        let httpd = limited(&peer).start()?;
        let mut client = Client::connect(httpd.port())?.timeout(SOON)?;
        let post = Request::new("POST", "/w/x").header("Expect", "100-continue");
        client.raw(&post.chunked("", 1).head_bytes())?;
        assert_eq!(client.head()?.status, 200);
        peer.wait_requests(1)?;
        client.raw(b"4\r\nbody\r\n0\r\n\r\n")?;
        assert_eq!(rest(&mut client)?, "last");
        assert_eq!(peer.only_request()?.body(), b"body");
    }
    Ok(())
}

/// HTTP/2: one stream's body.
fn over_h2(peer: &Peer) -> Result<Httpd> {
    limited(peer)
        .module("http2")
        .directives("Protocols h2c http/1.1\nH2StreamTimeout 1\nTimeout 1")
        .start()
}

/// Before the response began, over HTTP/2.
#[test]
fn rjk_h2_before_the_head() -> Result {
    let peer = Peer::start(Script::default())?;
    let httpd = over_h2(&peer)?;
    for (index, (bytes, status)) in [(2000, 413), (100, 408)].into_iter().enumerate() {
        let mut post = Stream::post(httpd.port(), "/w/x")?;
        post.send(&vec![b'x'; bytes])?;
        let answer = post.answer()?;
        assert_eq!((answer.status, answer.end), (Some(status), End::Whole));
        assert_broken_for(&peer, index + 1, "h2")?;
    }
    assert_gone_is_noticed(&peer, &httpd, None)
}

/// When the response has begun the stream is reset, over HTTP/2.
#[test]
fn rjk_h2_after_the_head() -> Result {
    let peer = Peer::start(answers_first())?;
    let httpd = over_h2(&peer)?;
    for (index, more) in [2000, 0].into_iter().enumerate() {
        let mut post = Stream::post(httpd.port(), "/w/x")?;
        post.send(&[b'x'; 100])?;
        post.wait_for("first")?;
        post.send(&vec![b'x'; more])?;
        let answer = post.answer()?;
        assert_eq!((answer.text.as_str(), answer.end), ("first", End::Reset));
        assert_broken_for(&peer, index + 1, "h2")?;
    }
    assert_gone_is_noticed(&peer, &httpd, Some("first"))
}

/// Two streams that the client gives up, once what it waits for has come.
fn assert_gone_is_noticed(peer: &Peer, httpd: &Httpd, seen: Option<&str>) -> Result {
    for number in [3, 4] {
        let mut post = Stream::post(httpd.port(), "/w/x")?;
        post.send(b"x")?;
        peer.wait_requests(number)?;
        if let Some(seen) = seen {
            post.wait_for(seen)?;
        }
        if number == 3 {
            post.cancel()?;
        }
        drop(post);
        assert_broken_for(peer, number, &format!("h2, gone {number}"))?;
    }
    farm::wait_idle(httpd)?;
    httpd.assert_clean();
    Ok(())
}
