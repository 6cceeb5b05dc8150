//! WebSockets through httpd to scripted peers, over each way that carries one.

mod agreement;

use rjk_testbed::client::Client;
use rjk_testbed::http_peer::{Script, Step, TlsSettings};
use rjk_testbed::tls::{Authority, Certificate, tls};
use rjk_testbed::websocket::{
    self, Frame, Kind, Message, Upgrade, accept, accept_with, open, open_over, open_with, opened,
    wish,
};
use rjk_testbed::{HttpPeer, Httpd, Result, client, ensure, wait, way};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Lines of the worker's table.
pub(super) const ON: &str = "websocket = true";

pub(super) struct Site {
    pub(super) peer: HttpPeer,
    pub(super) httpd: Httpd,
}

/// A server with the worker `w` that leads to a peer.
fn site(peer: HttpPeer, authority: &Authority, lines: &str) -> Result<Site> {
    let reach = peer.reach("w").more(lines);
    let httpd = way::site(authority, &[reach], "worker.list=w\n")?
        .directives("JkMount /w/* w")
        .threads_per_child(32)
        // Room for a child that starts while another one ends.
        .server_limit(4)
        .start()?;
    Ok(Site { peer, httpd })
}

pub(super) fn plain(script: impl Into<Script>, lines: &str) -> Result<Site> {
    site(
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
    let [a, b, c] = peers.map(|peer| site(peer, &authority, ON));
    Ok([a?, b?, c?])
}

impl Site {
    fn open(&self) -> Result<websocket::WebSocket<client::Changed>> {
        open(self.httpd.port(), "/w/ws")?.opened()
    }
}

#[test]
fn rjk_messages_of_every_kind_and_size() -> Result {
    for site in each([websocket::echo()])? {
        let mut socket = site.open()?;
        ensure!(socket.ask("hello")? == "hello" && socket.ask("")?.is_empty());
        for size in [1, 125, 126, 65_535, 65_536, 1_000_000] {
            let sent = Message::Binary(rjk_testbed::digest::bytes(3, size));
            socket.send(&sent)?;
            ensure!(socket.expect()? == sent, "{size}");
        }
        socket.send_frame(&Frame::part(Kind::Text, "in "))?;
        socket.send(&Message::Ping(vec![1, 2]))?;
        ensure!(socket.expect()? == Message::Pong(vec![1, 2]));
        socket.send_frame(&Frame::whole(Kind::Continuation, "two"))?;
        ensure!(socket.expect()? == Message::text("in two"));
        socket.send(&Message::Close(Some(1000)))?;
        ensure!(socket.expect()? == Message::Close(Some(1000)));
        ensure!(socket.receive()?.is_none());
        let request = site.peer.only_request()?;
        ensure!(
            request.header("Upgrade") == Some("websocket"),
            "{request:?}"
        );
        ensure!(
            request.header("Sec-WebSocket-Version") == Some("13"),
            "{request:?}"
        );
        let connection = request.header("Connection").unwrap_or_default();
        ensure!(connection.eq_ignore_ascii_case("upgrade"), "{request:?}");
        // The connection was the WebSocket's; others begin anew.
        site.peer.set(Script::default());
        ensure!(client::get(site.httpd.port(), "/w/x")?.status == 200);
        ensure!(site.peer.connections() == 2, "{}", site.peer.connections());
        site.httpd.assert_clean();
    }
    Ok(())
}

/// 10 MB each way at once, in messages of 64 KB and in one.
#[test]
fn rjk_ten_megabytes_both_ways() -> Result {
    const ALL: usize = 10 << 20;
    let whole = rjk_testbed::digest::bytes(7, ALL);
    for site in each([websocket::echo()])? {
        for size in [64 << 10, ALL] {
            let socket = site.open()?;
            let writer = socket.into_stream();
            let mut reader = writer.try_clone()?;
            let sends = whole.clone();
            let sender = std::thread::spawn(move || -> Result {
                let mut socket = websocket::WebSocket::over(writer, websocket::End::Client);
                for part in sends.chunks(size) {
                    socket.send(&Message::Binary(part.to_vec()))?;
                }
                Ok(())
            });
            let mut got = Vec::new();
            while got.len() < ALL {
                let Some(frame) = Frame::read(&mut reader, false)? else {
                    rjk_testbed::bail!("ended after {}", got.len());
                };
                got.extend(frame.payload);
            }
            sender
                .join()
                .map_err(|_| rjk_testbed::Error::msg("sender"))??;
            ensure!(got == whole, "{size}: the bytes differ");
        }
        site.httpd.assert_clean();
    }
    Ok(())
}

/// What comes in one piece with the heads is lost on neither side.
#[test]
fn rjk_bytes_behind_the_heads() -> Result {
    let speaks = Step::run(|connection| {
        let mut socket = accept_with(connection, &Frame::whole(Kind::Text, "at once").bytes(None))?;
        let message = socket.expect().map_err(io::Error::other)?;
        socket.send(&message).map_err(io::Error::other)?;
        connection.step(&Step::Close)
    });
    for site in each([speaks])? {
        let mut client = Client::connect(site.httpd.port())?;
        let first = Frame::whole(Kind::Text, "early").bytes(Some([1, 2, 3, 4]));
        client.raw(&[wish("/w/ws", "").as_bytes(), &first].concat())?;
        let mut socket = opened(client)?.opened()?;
        ensure!(socket.expect()? == Message::text("at once"));
        ensure!(socket.expect()? == Message::text("early"));
        ensure!(socket.receive()?.is_none());
        site.httpd.assert_clean();
    }
    Ok(())
}

/// The client's end of sending is the peer's end of reading, and the other way round; what is on the way
/// arrives. TLS ends as a whole.
#[test]
fn rjk_half_closed() -> Result {
    let late = Step::run(|connection| {
        accept(connection)?;
        let mut rest = Vec::new();
        connection.read_to_end(&mut rest)?;
        std::thread::sleep(Duration::from_millis(100));
        connection.send(format!("got {}", rest.len()).as_bytes())?;
        connection.step(&Step::Close)
    });
    let [tcp, unix, _] = each([late])?;
    for site in [tcp, unix] {
        let mut stream = site.open()?.into_stream();
        stream.write_all(&[7; 5000])?;
        stream.socket().shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer == "got 5000", "{answer:?}");
        site.httpd.assert_clean();
    }
    let first = Step::run(|connection| {
        accept_with(connection, b"first")?;
        connection.step(&Step::FinishSending)
    });
    let [tcp, unix, _] = each([first])?;
    for site in [tcp, unix] {
        let mut stream = site.open()?.into_stream();
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer == "first", "{answer:?}");
        // The peer still reads.
        stream.write_all(b"still here")?;
        ensure!(site.peer.endings().is_empty(), "{:?}", site.peer.endings());
        drop(stream);
        wait::until("the peer is let go", wait::SOON, || {
            site.peer.endings().len() == 1
        })?;
        site.httpd.assert_clean();
    }
    Ok(())
}

/// A peer that goes away takes the client's connection along, and a client the peer's.
#[test]
fn rjk_one_end_goes_away() -> Result {
    for end in [Step::Close, Step::Reset, Step::Cut] {
        let goes = Step::run(move |connection| {
            let mut socket = accept(connection)?;
            socket.expect().map_err(io::Error::other)?;
            socket.stream().step(&end)
        });
        for site in each([goes])? {
            let mut socket = site.open()?;
            socket.send(&Message::text("go"))?;
            let began = Instant::now();
            ensure!(socket.receive().unwrap_or(None).is_none());
            ensure!(
                began.elapsed() < Duration::from_secs(5),
                "{:?}",
                began.elapsed()
            );
            site.httpd.assert_clean();
        }
    }
    for resets in [true, false] {
        for site in each([websocket::echo()])? {
            let mut socket = site.open()?;
            ensure!(socket.ask("hello")? == "hello");
            let stream = socket.into_stream();
            if resets {
                let linger = Some(Duration::ZERO);
                socket2::SockRef::from(stream.socket()).set_linger(linger)?;
            }
            drop(stream);
            wait::until("the peer is let go", wait::SOON, || {
                site.peer.open_connections() == 0
            })?;
            let log = || site.httpd.access_log();
            wait::until("its line", wait::SOON, || {
                log().contains("/w/ws HTTP/1.1\" 101")
            })?;
            site.httpd.assert_clean();
        }
    }
    Ok(())
}

/// Nothing moves for a second: it ends. Whatever moves, a ping too, begins the second anew.
#[test]
fn rjk_the_idle_limit() -> Result {
    let site = plain(
        [websocket::echo()],
        &format!("{ON}\nwebsocket_idle = \"1s\""),
    )?;
    let mut socket = site.open()?;
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(400));
        socket.send(&Message::Ping(vec![1]))?;
        ensure!(socket.expect()? == Message::Pong(vec![1]));
    }
    let began = Instant::now();
    ensure!(socket.receive().unwrap_or(None).is_none());
    let idle = began.elapsed();
    let limits = Duration::from_millis(800)..Duration::from_secs(4);
    ensure!(limits.contains(&idle), "{idle:?}");
    wait::until("the peer is let go", wait::SOON, || {
        site.peer.open_connections() == 0
    })?;
    Ok(())
}

/// Each holds a thread, so there are only so many in a child; the next one gets 503 with a remedy, and
/// other requests go on.
#[test]
fn rjk_the_cap_of_a_child() -> Result {
    let site = plain([websocket::echo()], &format!("{ON}\nwebsocket_max = 2"))?;
    let mut open_ones = vec![site.open()?, site.open()?];
    for socket in &mut open_ones {
        ensure!(socket.ask("hello")? == "hello");
    }
    let refused = open(site.httpd.port(), "/w/ws")?;
    ensure!(refused.response().status == 503, "{:?}", refused.response());
    let log = site.httpd.jk_log();
    let line = log
        .lines()
        .rfind(|line| line.contains("[error]"))
        .unwrap_or_default();
    ensure!(
        line.contains("websocket_max 2") && line.contains("raise websocket_max"),
        "{line}"
    );
    ensure!(
        site.peer.requests().len() == 2,
        "{}",
        site.peer.requests().len()
    );
    drop(open_ones);
    let again =
        || open(site.httpd.port(), "/w/ws").is_ok_and(|up| matches!(up, Upgrade::Opened(..)));
    wait::until("there is room again", wait::SOON, again)?;
    site.httpd.assert_clean();
    Ok(())
}

/// A session's WebSocket goes where the session is; without one they are spread.
#[test]
fn rjk_sticky() -> Result {
    let peers = ["m1", "m2"].map(|name| HttpPeer::start(name, [websocket::echo()]));
    let [m1, m2] = peers;
    let (m1, m2) = (m1?, m2?);
    let reaches = [m1.reach("m1").more(ON), m2.reach("m2").more(ON)];
    let lines = "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n";
    let httpd = way::site(&Authority::new("Peers")?, &reaches, lines)?
        .directives("JkMount /w/* lb")
        .server_limit(1)
        .start()?;
    for (route, m1_more, m2_more) in [("m1", 3, 0), ("m2", 0, 3)] {
        let before = (m1.requests().len(), m2.requests().len());
        for _ in 0..3 {
            let client = Client::connect(httpd.port())?;
            let cookie = format!("Cookie: JSESSIONID=x.{route}\r\n");
            let mut socket = open_with(client, "/w/ws", &cookie)?.opened()?;
            ensure!(socket.ask(route)? == route);
        }
        let after = (m1.requests().len(), m2.requests().len());
        ensure!(
            after == (before.0 + m1_more, before.1 + m2_more),
            "{route}: {after:?}"
        );
    }
    let before = (m1.requests().len(), m2.requests().len());
    let open_ones: Vec<_> = (0..4)
        .map(|_| open(httpd.port(), "/w/ws")?.opened())
        .collect::<Result<_>>()?;
    let after = (m1.requests().len(), m2.requests().len());
    ensure!(
        after == (before.0 + 2, before.1 + 2),
        "they are not spread: {after:?}"
    );
    drop(open_ones);
    httpd.assert_clean();
    Ok(())
}

/// A balancer of which only `m1` has WebSocket.
#[test]
fn rjk_members_with_and_without() -> Result {
    let m1 = HttpPeer::start("m1", [websocket::echo()])?;
    let m2 = HttpPeer::start("m2", Script::default())?;
    let reaches = [m1.reach("m1").more(ON), m2.reach("m2")];
    let lines = "worker.list=lb\nworker.lb.type=lb\nworker.lb.balance_workers=m1,m2\n";
    let httpd = way::site(&Authority::new("Peers")?, &reaches, lines)?
        .directives("JkMount /w/* lb")
        .server_limit(1)
        .start()?;
    for _ in 0..4 {
        let mut socket = open(httpd.port(), "/w/ws")?.opened()?;
        ensure!(socket.ask("hello")? == "hello");
    }
    ensure!(m2.requests().is_empty(), "{:?}", m2.requests());
    let on_m2 = "Cookie: JSESSIONID=x.m2\r\n";
    let refused = open_with(Client::connect(httpd.port())?, "/w/ws", on_m2)?;
    ensure!(refused.response().status == 501, "{:?}", refused.response());
    ensure!(m2.requests().is_empty(), "{:?}", m2.requests());
    let log = httpd.jk_log();
    let line =
        "it is for member m2, which has none; set websocket = true for that worker in rjk.toml";
    ensure!(log.contains(line), "{log}");
    m1.set(Script::default());
    for _ in 0..2 {
        ensure!(client::get(httpd.port(), "/w/x")?.status == 200);
    }
    ensure!(!m2.requests().is_empty(), "other requests go to all");
    httpd.assert_clean();
    Ok(())
}

/// A client that speaks TLS with httpd.
#[test]
fn rjk_clients_with_tls() -> Result {
    let peer = HttpPeer::start("w", [websocket::echo()])?;
    let own = Certificate::self_signed("rjk.test")?;
    let reach = peer.reach("w").more(ON);
    let site = way::site(&Authority::new("Peers")?, &[reach], "worker.list=w\n")?;
    let httpd = tls(site, &own, "JkMount /w/* w").server_limit(1).start()?;
    let mut connector = openssl::ssl::SslConnector::builder(openssl::ssl::SslMethod::tls_client())?;
    connector.set_verify(openssl::ssl::SslVerifyMode::NONE);
    let stream = TcpStream::connect(httpd.address())?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let stream = connector.build().connect("rjk.test", stream)?;
    let mut socket = open_over(stream, "/w/ws")?;
    ensure!(socket.ask("hello")? == "hello");
    for size in [16_384, 16_385, 1_000_000] {
        let sent = Message::Binary(rjk_testbed::digest::bytes(3, size));
        socket.send(&sent)?;
        ensure!(socket.expect()? == sent, "{size}");
    }
    socket.send(&Message::Close(Some(1001)))?;
    ensure!(socket.expect()? == Message::Close(Some(1001)));
    wait::until("the peer is let go", wait::SOON, || {
        peer.open_connections() == 0
    })?;
    httpd.assert_clean();
    Ok(())
}

/// A graceful restart does not cut what is open, nor wait for it for ever.
#[test]
fn rjk_a_graceful_restart() -> Result {
    let site = plain([websocket::echo()], ON)?;
    let mut socket = site.open()?;
    ensure!(socket.ask("before")? == "before");
    let before = site.httpd.children();
    site.httpd.graceful()?;
    ensure!(socket.ask("behind")? == "behind");
    ensure!(site.open()?.ask("new")? == "new");
    drop(socket);
    let gone = || {
        before
            .iter()
            .all(|child| !site.httpd.children().contains(child))
    };
    wait::until("the old child is gone", Duration::from_secs(20), gone)?;
    site.httpd.assert_clean();
    Ok(())
}
