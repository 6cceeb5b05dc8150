//! What goes through, in both directions at once, with each MPM and through TLS.

use crate::site::{LAST_WORDS, Tunnel, agreeing, bytes, echo, open, open_in_tls, peer, site};
use rjk_testbed::http_peer::{Connection, HttpPeer, Script, Step, TlsSettings};
use rjk_testbed::httpd::{Builder, Mpm};
use rjk_testbed::tls::{Authority, Certificate, tls};
use rjk_testbed::way::CA_FILE;
use rjk_testbed::websocket::accept_key;
use rjk_testbed::{Httpd, Result, ensure, wait};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};

const MANY: usize = 10_000_000;

/// The line of the access log for a tunnel through which so many bytes went to the client.
fn assert_logged(httpd: &Httpd, bytes: usize) -> Result {
    let line = format!("\"GET /ws HTTP/1.1\" 101 {bytes}\n");
    wait::until("the line of the access log", wait::SOON, || {
        httpd.access_log().contains(&line)
    })
}

/// 10 MB there and back, the client's end, the worker's last words, and the end.
fn everything_arrives(site: Builder) -> Result {
    let httpd = site.start()?;
    let mut tunnel = open(&httpd)?;
    let words = bytes(MANY);
    let mut voice = tunnel.stream.try_clone()?;
    let heard = std::thread::scope(|scope| -> Result<Vec<u8>> {
        let speaker = scope.spawn(|| {
            voice.write_all(&words)?;
            voice.shutdown(Shutdown::Write)
        });
        let mut heard = Vec::new();
        tunnel.stream.read_to_end(&mut heard)?;
        speaker
            .join()
            .map_err(|_| rjk_testbed::Error::msg("it panicked"))??;
        Ok(heard)
    })?;
    ensure!(heard.len() == MANY + LAST_WORDS.len(), "{}", heard.len());
    let (echoed, last) = heard.split_at(MANY);
    ensure!(echoed == words && last == LAST_WORDS, "it is not the same");
    assert_logged(&httpd, heard.len())?;
    httpd.assert_clean();
    Ok(())
}

#[test]
fn with_each_mpm() -> Result {
    let peer = peer(echo)?;
    let sites = Mpm::ALL.map(|mpm| site(&peer, "").mpm(mpm));
    sites.into_iter().try_for_each(everything_arrives)
}

#[test]
fn to_a_worker_behind_a_socket() -> Result {
    let peer = HttpPeer::unix("w", agreeing(echo))?;
    everything_arrives(site(&peer, ""))
}

#[test]
fn to_a_worker_in_tls() -> Result {
    let authority = Authority::new("tunnel")?;
    let settings = TlsSettings::new(authority.server(&["w.test"])?, "w.test");
    let peer = HttpPeer::tls("w", agreeing(echo), &settings)?;
    everything_arrives(site(&peer, "").file(CA_FILE, authority.root()?))
}

/// In TLS small and large pieces come at once, none waits for the next one.
#[test]
fn through_tls_each_piece_comes_at_once() -> Result {
    let peer = peer(echo)?;
    let site = site(&peer, "").directives("JkMountCopy All");
    let httpd = tls(site, &Certificate::self_signed("rjk.test")?, "").start()?;
    let mut tunnel = open_in_tls(&httpd)?;
    let mut sum = 0;
    for length in [1, 2, 100, 1_000, 16_384, 16_385, 20_000, 1, 65_536].repeat(20) {
        tunnel.echoes(&bytes(length))?;
        sum += length;
    }
    // No half of it can be ended: when the client ends, so does the worker.
    tunnel.stream.shutdown()?;
    tunnel.hears(LAST_WORDS)?;
    tunnel.ends()?;
    assert_logged(&httpd, sum + LAST_WORDS.len())?;
    httpd.assert_clean();
    Ok(())
}

/// What either side sends before the other one knows of the tunnel is the tunnel's.
#[test]
fn what_is_sent_early_is_not_lost() -> Result {
    let early = |connection: &mut Connection| {
        let key = accept_key("dGhlIHNhbXBsZSBub25jZQ==");
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {key}\r\n\r\nfrom the worker"
        );
        connection.send(head.as_bytes())?;
        echo(connection)
    };
    let peer = HttpPeer::start("w", Script::new([Step::run(early)]))?;
    let httpd = site(&peer, "").start()?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, httpd.port()))?;
    let mut tunnel = Tunnel::ask(stream, "from the client")?;
    tunnel.hears(b"from the worker")?;
    tunnel.hears(b"from the client")?;
    tunnel.echoes(b"and later")
}

/// The head is the worker's but for what concerns the connection between it and httpd.
#[test]
fn the_head_is_the_workers() -> Result {
    let answer = |connection: &mut Connection| {
        let key = accept_key("dGhlIHNhbXBsZSBub25jZQ==");
        let head = format!(
            "HTTP/1.1 101 Now\r\nUpgrade: WebSocket\r\nConnection: upgrade, x-hop\r\n\
             Sec-WebSocket-Accept: {key}\r\nSec-WebSocket-Protocol: chat\r\nX-Hop: 1\r\n\
             Keep-Alive: timeout=5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Own: 3\r\n\r\n"
        );
        connection.send(head.as_bytes())?;
        echo(connection)
    };
    let peer = HttpPeer::start("w", Script::new([Step::run(answer)]))?;
    let httpd = site(&peer, "").start()?;
    let mut tunnel = open(&httpd)?;
    let mut lines: Vec<&str> = tunnel.head.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "HTTP/1.1 101 Switching Protocols");
    lines.sort_unstable();
    let accept = format!(
        "Sec-WebSocket-Accept: {}",
        accept_key("dGhlIHNhbXBsZSBub25jZQ==")
    );
    let mut wanted = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        &accept,
        "Sec-WebSocket-Protocol: chat",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2",
        "X-Own: 3",
    ];
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    tunnel.echoes(b"and it is open")
}
