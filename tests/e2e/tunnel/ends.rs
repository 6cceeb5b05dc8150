//! Who ends a tunnel, and what the other one sees of it.

use crate::site::{LAST_WORDS, echo, open, open_in_tls, peer, refused, site};
use rjk_testbed::http_peer::{Connection, HttpPeer, Step};
use rjk_testbed::tls::{Certificate, tls};
use rjk_testbed::{Httpd, Result, ensure, wait};
use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

/// Longest time in which an end must have come through.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The tunnel is over for the peer, in this way, and its place is free: there is one only.
fn assert_over(peer: &HttpPeer, httpd: &Httpd, ending: &str) -> Result {
    wait::until("the peer sees the end", AT_ONCE, || {
        !peer.endings().is_empty()
    })?;
    assert_eq!(peer.endings(), [ending]);
    // The peer is done a moment before httpd is.
    wait::until("the place is free", AT_ONCE, || {
        open(httpd).is_ok_and(|mut next| next.echoes(b"words").is_ok())
    })?;
    httpd.assert_clean();
    Ok(())
}

#[test]
fn the_client_ends_and_still_hears() -> Result {
    let peer = peer(echo)?;
    let httpd = site(&peer, "websocket_max = 1").start()?;
    let mut tunnel = open(&httpd)?;
    assert_eq!(refused(&httpd)?.status, 503);
    tunnel.echoes(b"words")?;
    tunnel.stream.shutdown(Shutdown::Write)?;
    tunnel.hears(LAST_WORDS)?;
    tunnel.ends()?;
    assert_over(&peer, &httpd, "closed by the script")
}

#[test]
fn the_client_goes_away() -> Result {
    let peer = peer(echo)?;
    let httpd = site(&peer, "websocket_max = 1").start()?;
    let mut tunnel = open(&httpd)?;
    tunnel.echoes(b"words")?;
    drop(tunnel);
    assert_over(&peer, &httpd, "closed by the script")
}

#[test]
fn the_client_is_reset() -> Result {
    let peer = peer(echo)?;
    let httpd = site(&peer, "websocket_max = 1").start()?;
    let mut tunnel = open(&httpd)?;
    tunnel.echoes(b"words")?;
    socket2::SockRef::from(&tunnel.stream).set_linger(Some(Duration::ZERO))?;
    drop(tunnel);
    wait::until("the peer sees the end", AT_ONCE, || {
        !peer.endings().is_empty()
    })?;
    let mut next = open(&httpd)?;
    next.echoes(b"the place is free")?;
    httpd.assert_clean();
    Ok(())
}

fn bye(connection: &mut Connection) -> std::io::Result<()> {
    connection.send(b"bye")?;
    connection.step(&Step::Close)
}

#[test]
fn the_worker_ends() -> Result {
    let peer = peer(bye)?;
    let httpd = site(&peer, "").start()?;
    let mut tunnel = open(&httpd)?;
    tunnel.hears(b"bye")?;
    tunnel.ends()
}

/// TLS is ended in order: an end that could be an attacker's is an error for OpenSSL.
#[test]
fn the_worker_ends_a_client_in_tls() -> Result {
    let peer = peer(bye)?;
    let site = site(&peer, "").directives("JkMountCopy All");
    let httpd = tls(site, &Certificate::self_signed("rjk.test")?, "").start()?;
    let mut tunnel = open_in_tls(&httpd)?;
    tunnel.hears(b"bye")?;
    tunnel.ends()
}

#[test]
fn a_worker_that_ended_hears_the_client_on() -> Result {
    let peer = peer(|connection| {
        // Until the client's end, which is an error for the step.
        let _ = connection.step(&Step::FinishSending);
        let heard = connection.read_raw()?;
        let heard = String::from_utf8_lossy(&heard).into_owned();
        Err(std::io::Error::other(heard))
    })?;
    let httpd = site(&peer, "").start()?;
    let mut tunnel = open(&httpd)?;
    tunnel.ends()?;
    tunnel.stream.write_all(b"I know")?;
    drop(tunnel);
    wait::until("the peer hears it", AT_ONCE, || !peer.endings().is_empty())?;
    assert_eq!(peer.endings(), ["I know"]);
    Ok(())
}

#[test]
fn the_worker_is_reset() -> Result {
    let peer = peer(|connection| {
        connection.send(b"words")?;
        // The words are through before the reset takes back what is on its way.
        connection.read_raw()?;
        connection.step(&Step::Reset)
    })?;
    let httpd = site(&peer, "").start()?;
    let mut tunnel = open(&httpd)?;
    tunnel.hears(b"words")?;
    tunnel.stream.write_all(b"now")?;
    tunnel.ends()?;
    let log = httpd.jk_log();
    ensure!(log.contains("the worker's connection broke"), "{log}");
    Ok(())
}
