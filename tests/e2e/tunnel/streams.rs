//! Tunnels over HTTP/2: an extended CONNECT (RFC 8441), where httpd offers it.

use crate::site::{LAST_WORDS, bytes, echo, peer, site};
use rjk_testbed::h2::{End, Stream};
use rjk_testbed::http_peer::{HttpPeer, Step};
use rjk_testbed::{Httpd, Result, ensure, wait};
use std::time::{Duration, Instant};

fn site_of_h2(peer: &HttpPeer) -> Result<Httpd> {
    let site = site(peer, "websocket_max = 1").module("http2");
    site.directives("Protocols h2c\nH2WebSockets on\nTimeout 3")
        .start()
}

#[test]
fn everything_arrives_and_the_client_ends() -> Result {
    let peer = peer(echo)?;
    let httpd = site_of_h2(&peer)?;
    let mut stream = Stream::websocket(httpd.port(), "/ws")?;
    let words = bytes(1_000_000);
    stream.say(&words)?;
    stream.wait_for_bytes(words.len())?;
    stream.finish()?;
    let (status, heard, end) = stream.outcome()?;
    assert_eq!((status, end), (Some(200), End::Whole));
    let (echoed, last) = heard.split_at(words.len());
    ensure!(echoed == words && last == LAST_WORDS, "it is not the same");
    let line = format!("\"GET /ws HTTP/2.0\" 101 {}\n", heard.len());
    wait::until("the line of the access log", wait::SOON, || {
        httpd.access_log().contains(&line)
    })?;
    httpd.assert_clean();
    Ok(())
}

#[test]
fn the_worker_ends() -> Result {
    let peer = peer(|connection| {
        connection.send(b"bye")?;
        connection.step(&Step::Close)
    })?;
    let httpd = site_of_h2(&peer)?;
    let stream = Stream::websocket(httpd.port(), "/ws")?;
    let answer = stream.answer()?;
    assert_eq!((answer.status, answer.text.as_str()), (Some(200), "bye"));
    assert_eq!(answer.end, End::Whole);
    Ok(())
}

#[test]
fn the_client_gives_it_up() -> Result {
    let peer = peer(echo)?;
    let httpd = site_of_h2(&peer)?;
    let mut stream = Stream::websocket(httpd.port(), "/ws")?;
    stream.say(b"words")?;
    stream.wait_for("words")?;
    stream.cancel()?;
    wait::until("the peer sees the end", Duration::from_secs(5), || {
        !peer.endings().is_empty()
    })?;
    // Its place is free again.
    wait::until("a place is free", wait::SOON, || {
        let next = Stream::websocket(httpd.port(), "/ws");
        next.is_ok_and(|mut next| next.say(b"next").is_ok() && next.wait_for("next").is_ok())
    })?;
    httpd.assert_clean();
    Ok(())
}

/// A pause that is longer than what HTTP/2 waits for a request.
#[test]
fn a_stream_may_be_quiet() -> Result {
    let peer = peer(echo)?;
    let httpd = site_of_h2(&peer)?;
    let mut stream = Stream::websocket(httpd.port(), "/ws")?;
    stream.say(b"before")?;
    stream.wait_for("before")?;
    std::thread::sleep(Duration::from_secs(4));
    stream.say(b"after")?;
    stream.wait_for("after")
}

/// A stream whose client does not read is given up after httpd's `Timeout`; its thread could wait for
/// nothing else meanwhile.
#[test]
fn a_client_that_does_not_read_loses_it() -> Result {
    let peer = peer(|connection| {
        loop {
            connection.send(&[7; 65_536])?;
        }
    })?;
    let httpd = site_of_h2(&peer)?;
    let began = Instant::now();
    let stream = Stream::websocket(httpd.port(), "/ws")?;
    wait::until("the peer sees the end", Duration::from_secs(15), || {
        !peer.endings().is_empty()
    })?;
    let lasted = began.elapsed();
    ensure!(lasted > Duration::from_secs(2), "{lasted:?}");
    drop(stream);
    Ok(())
}
