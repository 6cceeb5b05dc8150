//! Requests and answers in their order of time: who waits for whom, what is passed on meanwhile, and that
//! no answer reaches another request.

use rjk_testbed::client::{BodyEnd, Client, Kept, Request};
use rjk_testbed::http_peer::{Script, Step, TlsSettings};
use rjk_testbed::tls::Authority;
use rjk_testbed::{HttpPeer, Httpd, Result, ensure, way};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct Site {
    peer: HttpPeer,
    httpd: Httpd,
}

fn behind(peer: HttpPeer, authority: &Authority, lines: &str) -> Result<Site> {
    let httpd = way::site(
        authority,
        &[peer.reach("w")],
        &format!("worker.list=w\n{lines}"),
    )?
    .directives("JkMount /w/* w")
    .threads_per_child(32)
    .server_limit(1)
    .start()?;
    Ok(Site { peer, httpd })
}

fn site(script: impl Into<Script>, lines: &str) -> Result<Site> {
    behind(
        HttpPeer::start("w", script)?,
        &Authority::new("Peers")?,
        lines,
    )
}

/// The same peer over TCP, a unix socket and TLS.
fn each(script: impl Into<Script>) -> Result<[Site; 3]> {
    let script = script.into();
    let authority = Authority::new("Peers")?;
    let settings = TlsSettings::new(authority.server(&["peer.test"])?, "peer.test");
    let peers = [
        HttpPeer::start("w", script.clone())?,
        HttpPeer::unix("w", script.clone())?,
        HttpPeer::tls("w", script, &settings)?,
    ];
    let [a, b, c] = peers.map(|peer| behind(peer, &authority, ""));
    Ok([a?, b?, c?])
}

const ASKS: &[u8] =
    b"POST /w/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

/// A client that asks first: the worker's word is the answer, be it yes or no, and it is given once.
#[test]
fn rjk_who_asks_first() -> Result {
    let refuses = Script::answer_unread("HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\nno");
    let refusing = site(refuses, "")?;
    let mut client = Client::connect(refusing.httpd.port())?;
    client.raw(ASKS)?;
    let answer = client.response("POST")?;
    ensure!(
        (answer.status, answer.interim.as_slice()) == (413, &[][..]),
        "{answer:?}"
    );
    let got = refusing.peer.only_request()?;
    ensure!(got.header("Expect") == Some("100-continue"), "{got:?}");
    let agrees = [Step::text("HTTP/1.1 100 Continue\r\n\r\n"), Step::Echo];
    let agreeing = site(agrees, "")?;
    let mut client = Client::connect(agreeing.httpd.port())?;
    client.raw(ASKS)?;
    ensure!(client.head()?.status == 100);
    client.raw(b"hello")?;
    let answer = client.response("POST")?;
    ensure!(
        (answer.status, answer.interim.as_slice()) == (200, &[][..]),
        "{answer:?}"
    );
    ensure!(agreeing.peer.only_request()?.body == b"hello");
    // Who did not ask is not told.
    let mut client = Client::connect(agreeing.httpd.port())?;
    let answer = client.send(&Request::new("POST", "/w/x").body("hello"))?;
    ensure!(
        (answer.status, answer.interim.as_slice()) == (200, &[][..]),
        "{answer:?}"
    );
    refusing.httpd.assert_clean();
    agreeing.httpd.assert_clean();
    Ok(())
}

/// Early hints go on to the client, other interim answers do not.
#[test]
fn rjk_interim_answers() -> Result {
    let answer = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
                  HTTP/1.1 199 Own\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
    let site = site(Script::answer(answer), "")?;
    let mut client = Client::connect(site.httpd.port())?;
    client.raw(b"GET /w/x HTTP/1.1\r\nHost: a\r\n\r\n")?;
    let hint = client.head()?;
    ensure!(
        (hint.status, hint.header("Link")) == (103, Some("</a>")),
        "{hint:?}"
    );
    let answer = client.response("GET")?;
    ensure!(
        (answer.status, answer.text()) == (200, "body".to_owned()),
        "{answer:?}"
    );
    ensure!(
        answer.interim.is_empty() && answer.header("Link").is_none(),
        "{answer:?}"
    );
    site.httpd.assert_clean();
    Ok(())
}

/// A client that takes its time is no fault of the worker: the time for its answer begins behind the body.
#[test]
fn rjk_an_upload_that_drips() -> Result {
    let site = site(Script::default(), "worker.w.reply_timeout=400\n")?;
    for framing in ["Content-Length: 20", "Transfer-Encoding: chunked"] {
        let mut client = Client::connect(site.httpd.port())?;
        client.raw(format!("POST /w/x HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n").as_bytes())?;
        for _ in 0..20 {
            let piece: &[u8] = if framing.ends_with('d') {
                b"1\r\nx\r\n"
            } else {
                b"x"
            };
            client.raw(piece)?;
            std::thread::sleep(Duration::from_millis(50));
        }
        if framing.ends_with('d') {
            client.raw(b"0\r\n\r\n")?;
        }
        let answer = client.response("POST")?;
        ensure!(
            answer.field("body").as_deref() == Some("20"),
            "{framing}: {answer:?}"
        );
    }
    ensure!(
        !site.httpd.jk_log().contains("[error]"),
        "{}",
        site.httpd.jk_log()
    );
    Ok(())
}

/// Requests that come in one piece are answered one by one, in order.
#[test]
fn rjk_requests_in_one_piece() -> Result {
    let site = site(Script::default(), "")?;
    let one = |n: usize| {
        format!(
            "POST /w/{n} HTTP/1.1\r\nHost: a\r\nContent-Length: {n}\r\n\r\n{}",
            "x".repeat(n)
        )
    };
    let mut client = Client::connect(site.httpd.port())?;
    client.raw((0..20).map(one).collect::<String>().as_bytes())?;
    for n in 0..20 {
        let answer = client.response("POST")?;
        let seen = (answer.field("target"), answer.field("body"));
        ensure!(
            seen == (Some(format!("/w/{n}")), Some(n.to_string())),
            "{answer:?}"
        );
    }
    ensure!(site.peer.faults().is_empty() && site.peer.connections() == 1);
    Ok(())
}

/// What stands behind a body is a message to the neighbour, and stays there.
#[test]
fn rjk_trailers() -> Result {
    let answer = "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n\
                  4\r\nbody\r\n0\r\nX-T: 1\r\nSet-Cookie: a=b\r\n\r\n";
    let site = site(Script::answer(answer), "")?;
    let mut client = Client::connect(site.httpd.port())?;
    client.raw(
        b"POST /w/x HTTP/1.1\r\nHost: a\r\nTrailer: X-U\r\nTransfer-Encoding: chunked\r\n\
          Connection: close\r\n\r\n5\r\nhello\r\n0\r\nX-U: 1\r\nX-Forwarded-For: 1\r\n\r\n",
    )?;
    let mut all = String::new();
    loop {
        let piece = client.read_some(4096)?;
        if piece.is_empty() {
            break;
        }
        all.push_str(&String::from_utf8_lossy(&piece));
    }
    ensure!(all.contains("body"), "{all}");
    ensure!(!all.contains("X-T") && !all.contains("Set-Cookie"), "{all}");
    let got = site.peer.only_request()?;
    ensure!(
        got.trailers.is_empty() && got.header("X-U").is_none(),
        "{got:?}"
    );
    ensure!(
        got.body == b"hello" && got.header("Trailer").is_none(),
        "{got:?}"
    );
    Ok(())
}

/// Many clients at once, and a peer that closes now and then without a word: every GET gets its own answer.
#[test]
fn rjk_nobody_gets_anothers_answer() -> Result {
    for ends in [false, true] {
        let count = Arc::new(AtomicUsize::new(0));
        let serves = Step::run(move |connection| {
            connection.step(&Step::Echo)?;
            let number = count.fetch_add(1, Ordering::Relaxed);
            match ends && number % 7 == 6 {
                true => connection.step(&Step::Close),
                false => Ok(()),
            }
        });
        for site in each([serves])? {
            let port = site.httpd.port();
            let user = |user: usize| -> Result {
                let mut client = Kept::new(port);
                for number in 0..60 {
                    let target = format!("/w/{user}-{number}");
                    let answer = client.send(&Request::get(&target))?;
                    ensure!(answer.field("target") == Some(target), "{answer:?}");
                    ensure!(answer.end == BodyEnd::Complete, "{answer:?}");
                }
                Ok(())
            };
            let results: Vec<Result> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..12).map(|n| scope.spawn(move || user(n))).collect();
                let joined = threads.into_iter().map(|thread| thread.join());
                joined
                    .map(|r| r.unwrap_or_else(|_| Err(rjk_testbed::Error::msg("failed"))))
                    .collect()
            });
            for result in results {
                result?;
            }
            ensure!(site.peer.faults().is_empty(), "{:?}", site.peer.faults());
            site.httpd.assert_clean();
        }
    }
    Ok(())
}
