//! Limits of time, of number and of memory.

use crate::site::{Tunnel, agreeing, echo, open, open_in_tls, peer, refused, site};
use rjk_testbed::http_peer::{HttpPeer, Script, Step, TlsSettings};
use rjk_testbed::httpd::Builder;
use rjk_testbed::status_page::StatusPage;
use rjk_testbed::tls::{Authority, Certificate, tls};
use rjk_testbed::way::CA_FILE;
use rjk_testbed::{Httpd, Result, Subject, client, ensure, process, wait};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_tunnel_in_which_nothing_moves_ends() -> Result {
    let peer = peer(echo)?;
    let httpd = site(&peer, "websocket_idle = \"2s\"").start()?;
    let mut tunnel = open(&httpd)?;
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(1200));
        tunnel.echoes(b"still here")?;
    }
    let quiet = Instant::now();
    tunnel.ends()?;
    let (least, most) = (Duration::from_millis(1800), Duration::from_secs(6));
    ensure!(
        (least..most).contains(&quiet.elapsed()),
        "{:?}",
        quiet.elapsed()
    );
    let log = httpd.jk_log();
    ensure!(log.contains("nothing moved for 2s"), "{log}");
    Ok(())
}

/// httpd's limits are for requests: a tunnel has its own.
#[test]
fn the_time_limits_of_requests_end_no_tunnel() -> Result {
    let peer = peer(echo)?;
    let site = site(&peer, "").module("reqtimeout").directives(
        "Timeout 1\nKeepAliveTimeout 1\nRequestReadTimeout header=1 body=1\nJkMountCopy All",
    );
    let httpd = site.start()?;
    let secured = tls(site.clone(), &Certificate::self_signed("rjk.test")?, "").start()?;
    let mut plain = open(&httpd)?;
    let mut secret = open_in_tls(&secured)?;
    for _ in 0..2 {
        std::thread::sleep(Duration::from_secs(3));
        plain.echoes(b"still here")?;
        secret.echoes(b"still here")?;
    }
    Ok(())
}

#[test]
fn one_more_than_the_most_is_refused() -> Result {
    let peer = peer(echo)?;
    let httpd = site(&peer, "websocket_max = 3").server_limit(1).start()?;
    let mut tunnels = (0..3).map(|_| open(&httpd)).collect::<Result<Vec<_>>>()?;
    let answer = refused(&httpd)?;
    assert_eq!(answer.status, 503);
    let line = "websocket_max 3 is reached in this child; raise websocket_max";
    ensure!(httpd.jk_log().contains(line), "{}", httpd.jk_log());
    assert_eq!(peer.requests().len(), 3, "the worker was not asked");
    tunnels.pop();
    wait::until("a place is free", wait::SOON, || open(&httpd).is_ok())?;
    tunnels
        .iter_mut()
        .try_for_each(|tunnel| tunnel.echoes(b"words"))
}

/// What a worker has to say that says all it can.
const FLOOD: usize = 64 << 20;

/// A peer that sends [`FLOOD`] bytes, and how many of them it has sent.
fn flooding() -> Result<(HttpPeer, Arc<AtomicUsize>)> {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let peer = peer(move |connection| {
        let piece = [7; 65_536];
        while count.load(Ordering::SeqCst) < FLOOD {
            connection.send(&piece)?;
            count.fetch_add(piece.len(), Ordering::SeqCst);
        }
        connection.step(&Step::Close)
    })?;
    Ok((peer, sent))
}

/// A client that does not read holds its worker up; what is on the way is bounded, however much the
/// worker would send, and arrives when the client reads.
fn a_client_that_does_not_read<S: Read>(
    start: impl FnOnce(Builder) -> Result<Httpd>,
    open: impl Fn(&Httpd) -> Result<Tunnel<S>>,
) -> Result {
    let (peer, sent) = flooding()?;
    let httpd = start(site(&peer, "websocket_idle = \"60s\"").server_limit(1))?;
    let child = httpd.only_child()?;
    // What the first one needs of code and of memory is not what is asked here.
    let mut first = open(&httpd)?;
    first.stream.read_to_end(&mut Vec::new())?;
    sent.store(0, Ordering::SeqCst);
    let before = process::rss_kib(child)?;
    let mut tunnel = open(&httpd)?;
    let mut last = 0;
    wait::until("the worker is held up", wait::SOON, || {
        std::thread::sleep(Duration::from_secs(1));
        let now = sent.load(Ordering::SeqCst);
        std::mem::replace(&mut last, now) == now && now > 0
    })?;
    ensure!(last < FLOOD / 2, "{last} bytes were taken");
    let grown = process::rss_kib(child)?.saturating_sub(before);
    ensure!(grown < 1 << 10, "the child grew by {grown} KiB");
    assert_idle(child)?;
    let mut heard = Vec::new();
    tunnel.stream.read_to_end(&mut heard)?;
    assert_eq!(heard.len(), FLOOD);
    Ok(())
}

#[test]
fn a_client_that_does_not_read_costs_no_memory() -> Result {
    a_client_that_does_not_read(|site| site.start(), open)
}

#[test]
fn a_client_that_does_not_read_its_tls_costs_no_memory() -> Result {
    let certificate = Certificate::self_signed("rjk.test")?;
    let secured = |site: Builder| {
        let site = site.directives("JkMountCopy All");
        tls(site, &certificate, "").start()
    };
    a_client_that_does_not_read(secured, open_in_tls)
}

/// A worker that does not read holds its client up, and the client's end is seen all the same.
fn a_worker_that_does_not_read(site: Builder) -> Result {
    let httpd = site.server_limit(1).start()?;
    let child = httpd.only_child()?;
    let mut tunnel = open(&httpd)?;
    tunnel
        .stream
        .set_write_timeout(Some(Duration::from_secs(2)))?;
    let (mut sent, piece) = (0, [7; 65_536]);
    while let Ok(bytes) = tunnel.stream.write(&piece) {
        sent += bytes;
        ensure!(sent < FLOOD, "it is not held up");
    }
    assert_idle(child)?;
    socket2::SockRef::from(&tunnel.stream).set_linger(Some(Duration::ZERO))?;
    drop(tunnel);
    // The place is free, though the worker has not read a byte.
    wait::until("a place is free", wait::SOON, || open(&httpd).is_ok())
}

/// A child does nothing while nothing moves.
fn assert_idle(child: process::ProcessId) -> Result {
    let before = process::cpu_time(child)?;
    std::thread::sleep(Duration::from_secs(2));
    let spent = process::cpu_time(child)?.saturating_sub(before);
    ensure!(spent < Duration::from_millis(200), "{spent:?} of work");
    Ok(())
}

/// A peer's side that reads nothing.
fn deaf() -> Script {
    agreeing(|connection| {
        while !connection.is_stopping() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    })
}

#[test]
fn a_worker_that_does_not_read_holds_its_client_up() -> Result {
    let peer = HttpPeer::start("w", deaf())?;
    a_worker_that_does_not_read(site(&peer, "websocket_max = 1"))
}

#[test]
fn a_worker_that_does_not_read_its_tls_holds_its_client_up() -> Result {
    let authority = Authority::new("tunnel")?;
    let settings = TlsSettings::new(authority.server(&["w.test"])?, "w.test");
    let peer = HttpPeer::tls("w", deaf(), &settings)?;
    let site = site(&peer, "websocket_max = 1");
    a_worker_that_does_not_read(site.file(CA_FILE, authority.root()?))
}

/// A tunnel has a cap of its own: it holds no place of the pool and counts for no `busy_limit`, so that
/// requests go on however many there are.
#[test]
fn tunnels_keep_no_request_waiting() -> Result {
    let peer = peer(echo)?;
    let reach = peer.reach("w").more("websocket = true\nwebsocket_max = 4");
    let httpd = Httpd::builder(Subject::Rjk)
        .workers(format!(
            "{}worker.list=lb,stat\nworker.lb.type=lb\nworker.lb.balance_workers=w\nworker.lb.method=B\n\
             worker.stat.type=status\nworker.w.connection_pool_size=1\nworker.w.busy_limit=1\n\
             worker.w.connection_acquire_timeout=100\n",
            reach.properties
        ))
        .file("conf/rjk.toml", reach.toml)
        .directives("RjkConfigFile conf/rjk.toml\nJkMount /ws* lb\nJkMount /w/* lb\nJkMount /status stat")
        .server_limit(1)
        .start()?;
    let mut tunnels = (0..4).map(|_| open(&httpd)).collect::<Result<Vec<_>>>()?;
    let member = StatusPage::read(Subject::Rjk, httpd.port(), "/status")?.member("w")?;
    assert_eq!((member.busy, member.value, member.connected), (0, 0, 4));
    peer.set(Script::default());
    for _ in 0..3 {
        assert_eq!(client::get(httpd.port(), "/w/x")?.status, 200);
    }
    tunnels
        .iter_mut()
        .try_for_each(|tunnel| tunnel.echoes(b"words"))?;
    drop(tunnels);
    // The one of the requests is kept.
    wait::until("the connections are closed", wait::SOON, || {
        let page = StatusPage::read(Subject::Rjk, httpd.port(), "/status");
        page.is_ok_and(|page| page.member("w").is_ok_and(|member| member.connected == 1))
    })?;
    let member = StatusPage::read(Subject::Rjk, httpd.port(), "/status")?.member("w")?;
    assert_eq!((member.busy, member.errors), (0, 0));
    httpd.assert_clean();
    Ok(())
}
