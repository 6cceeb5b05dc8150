//! What goes wrong with time and with the connection: slow, silent, half-closed, reset, said otherwise
//! than done.

use super::{Bad, Told, over_each, told};
use rjk_testbed::client::Request;
use rjk_testbed::http_peer::{Script, Step};
use rjk_testbed::tls::Authority;
use rjk_testbed::{HttpPeer, Result, client, ensure, wait};
use std::time::{Duration, Instant};

over_each! { broken_off slow said_otherwise }

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n";

fn pause(millis: u64) -> Step {
    Step::Sleep(Duration::from_millis(millis))
}

/// Before and after the client got something.
#[rustfmt::skip]
fn broken_off() -> Vec<Bad> {
    let none =
        |name, steps: Vec<Step>, says| Bad::new(name, Script::new(steps), Told::Status(502), says);
    let half = |name, end: Step| {
        let steps = [
            Step::ReadBody,
            Step::text(HEAD),
            Step::text("half"),
            pause(150),
            end,
        ];
        Bad::new(
            name,
            Script::new(steps),
            Told::BrokenOff,
            &["receiving the response"],
        )
    };
    vec![
        none("closes-unread", vec![Step::Close], &["waiting for the response"]),
        none("closes", vec![Step::ReadBody, Step::Close], &["closed the connection"]),
        none("half-closes", vec![Step::ReadBody, Step::FinishSending], &["closed the connection"]),
        none("resets", vec![Step::ReadBody, Step::Reset], &["waiting for the response"]),
        none("closes-in-status-line", vec![Step::ReadBody, Step::text("HTTP/1.1 2"), Step::Close], &["inside the head"]),
        none(
            "closes-in-head",
            vec![
                Step::ReadBody,
                Step::text("HTTP/1.1 200 OK\r\nX-A: 1\r\n"),
                Step::Close,
            ],
            &["inside the head"],
        ),
        none("closes-behind-cr", vec![Step::ReadBody, Step::text("HTTP/1.1 200 OK\r\n\r"), Step::Close], &["inside the head"]),
        half("closes-in-body", Step::Close),
        half("half-closes-in-body", Step::FinishSending),
        half("resets-in-body", Step::Reset),
        // A worker that falls silent has flushed: the head is on its way to the client.
        Bad::new(
            "closes-behind-head",
            Script::new([Step::ReadBody, Step::text(HEAD), pause(150), Step::Close]),
            Told::BrokenOff,
            &["receiving the response"],
        ),
        // Whether the request went out before the end was seen is chance.
        Bad::new("closes-at-accept", Script::default().on_accept([Step::Close]), Told::Failed, &["failed while"]),
    ]
}

/// With a `reply_timeout` of 400 ms.
#[rustfmt::skip]
fn slow() -> Vec<Bad> {
    const TIMEOUT: &str = "reply_timeout=400";
    const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    let drip = |text: &str, millis| {
        Script::new([
            Step::ReadBody,
            Step::Trickle(text.as_bytes().to_vec(), Duration::from_millis(millis)),
        ])
    };
    let late = |name, script: Script| {
        Bad::new(name, script, Told::Status(504), &["reply_timeout"]).with(TIMEOUT)
    };
    let stalls = |name, text: &str| {
        let steps = [Step::ReadBody, Step::text(text), Step::Stall];
        Bad::new(
            name,
            Script::new(steps),
            Told::BrokenOff,
            &["reply_timeout"],
        )
        .with(TIMEOUT)
    };
    let good = |name, script: Script| Bad::new(name, script, Told::Whole("body".to_owned()), &[]);
    vec![
        late("silent", Script::new([Step::ReadBody, Step::Stall])),
        late("silent-unread", Script::new([Step::Stall])),
        late("silent-in-status-line", Script::new([Step::ReadBody, Step::text("HTTP/1.1 200 O"), Step::Stall])),
        late("silent-in-head", Script::new([Step::ReadBody, Step::text("HTTP/1.1 200 OK\r\nX"), Step::Stall])),
        late("silent-behind-interim", Script::new([Step::ReadBody, Step::text("HTTP/1.1 103 E\r\n\r\n"), Step::Stall])),
        stalls("silent-in-body", &format!("{HEAD}half")),
        stalls("silent-in-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n9\r\nmo"),
        stalls("silent-to-the-end", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf"),
        late("a-head-that-drips", drip(&format!("HTTP/1.1 200 OK\r\nX-A: {}\r\n", "a".repeat(200)), 20)),
        good("drips", drip(GOOD, 5)),
        good("drips-chunks", drip(CHUNKED, 5)),
        good("late-but-there", Script::new([pause(300), Step::ReadBody, Step::text(GOOD)])),
        good("in-two", Script::new([Step::ReadBody, Step::text(&GOOD[..30]), pause(60), Step::text(&GOOD[30..])])),
    ]
}

/// What is said of the connection, and what becomes of it.
#[rustfmt::skip]
fn said_otherwise() -> Vec<Bad> {
    let good = |name, steps: Vec<Step>| {
        Bad::new(
            name,
            Script::new(steps),
            Told::Whole("body".to_owned()),
            &[],
        )
    };
    let answer = |fields: &str| {
        Step::text(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n{fields}\r\nbody"
        ))
    };
    vec![
        good("keeps-and-closes", vec![Step::ReadBody, answer("Connection: keep-alive\r\n"), Step::Close]),
        good("keeps-and-resets", vec![Step::ReadBody, answer("Connection: keep-alive\r\n"), pause(20), Step::Reset]),
        good("keeps-and-half-closes", vec![Step::ReadBody, answer(""), Step::FinishSending]),
        good("says-close-and-stays", vec![Step::ReadBody, answer("Connection: close\r\n")]),
        good("says-close-in-a-list", vec![Step::ReadBody, answer("Connection: x, CLOSE ,y\r\n")]),
        good("says-both", vec![Step::ReadBody, answer("Connection: keep-alive, close\r\n")]),
        good("no-time", vec![Step::ReadBody, answer("Keep-Alive: timeout=0\r\n"), Step::Close]),
        good("odd-times", vec![Step::ReadBody, answer("Keep-Alive: timeout=x, max, timeout=99999999999999999999\r\n")]),
        good("old", vec![Step::ReadBody, Step::text("HTTP/1.0 200 OK\r\n\r\nbody"), Step::Close]),
        good(
            "old-that-keeps",
            vec![
                Step::ReadBody,
                Step::text("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody"),
            ],
        ),
        good("to-the-end", vec![Step::ReadBody, Step::text("HTTP/1.1 200 OK\r\n\r\nbo"), pause(20), Step::text("dy"), Step::Close]),
        good("reads-later", vec![answer(""), Step::ReadBody]),
        good("never-reads", vec![answer(""), pause(20), Step::Close]),
        good("never-reads-and-resets", vec![answer(""), pause(60), Step::Reset]),
    ]
}

/// A peer, and a web server in front of it: the worker `w`.
fn alone(script: Script, lines: &str) -> Result<(HttpPeer, rjk_testbed::Httpd)> {
    let peer = HttpPeer::start("w", script)?;
    let authority = Authority::new("Peers")?;
    let reach = peer.reach("w").more(lines);
    let httpd = super::in_front_of(&authority, &[reach], &["w"], "")?;
    Ok((peer, httpd))
}

/// The connection is given up a second before the worker does so.
#[test]
fn rjk_a_connection_is_left_before_its_time() -> Result {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nKeep-Alive: timeout=2\r\n\r\nbody";
    let (peer, httpd) = alone(Script::answer(answer), "")?;
    for wait_millis in [0, 200, 1300] {
        std::thread::sleep(Duration::from_millis(wait_millis));
        ensure!(client::get(httpd.port(), "/w/x")?.status == 200);
    }
    let connections: Vec<usize> = peer.requests().iter().map(|r| r.connection).collect();
    ensure!(connections == [0, 0, 1], "{connections:?}");
    Ok(())
}

/// A large upload to a peer that answers early and reads no more: the answer comes through, whatever
/// becomes of the connection.
#[test]
fn rjk_an_early_answer_to_an_upload() -> Result {
    let early = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig";
    for end in [Step::Sleep(Duration::from_millis(300)), Step::FinishSending] {
        let script = Script::new([Step::text(early), end.clone(), Step::Close]);
        let (peer, httpd) = alone(script, "")?;
        for chunk in [None, Some(10_000)] {
            let post = Request::new("POST", "/w/x");
            let body = vec![b'x'; 5_000_000];
            let post = match chunk {
                None => post.body(body),
                Some(size) => post.chunked(body, size),
            };
            let seen = told(&httpd, &post)?;
            ensure!(seen == Told::Status(413), "{end:?} {chunk:?}: {seen:?}");
        }
        ensure!(peer.requests().len() == 2, "{:?}", peer.requests().len());
        httpd.assert_clean();
    }
    Ok(())
}

/// Early, and gone with a reset: the client gets the answer, or is told that there is none; it never hangs.
#[test]
fn rjk_an_early_answer_and_a_reset() -> Result {
    let early = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig";
    let (peer, httpd) = alone(Script::new([Step::text(early), Step::Reset]), "")?;
    for _ in 0..10 {
        let post = Request::new("POST", "/w/x").body(vec![b'x'; 3_000_000]);
        let seen = told(&httpd, &post)?;
        ensure!(
            [Told::Status(413), Told::Status(502)].contains(&seen),
            "{seen:?}"
        );
    }
    ensure!(
        peer.requests().len() == 10,
        "a POST was repeated: {}",
        peer.requests().len()
    );
    Ok(())
}

/// A client that goes away takes the connection to the peer along; nothing of the answer is left for
/// another.
#[test]
fn rjk_a_client_goes_away() -> Result {
    let (peer, httpd) = alone(
        Script::new([
            Step::ReadBody,
            Step::text(HEAD),
            Step::text("half"),
            Step::Sleep(Duration::from_millis(200)),
            Step::text(&"x".repeat(996)),
        ]),
        "",
    )?;
    let mut client = client::Client::connect(httpd.port())?;
    client.raw(b"GET /w/x HTTP/1.1\r\nHost: rjk.test\r\n\r\n")?;
    client.read_some(10)?;
    client.abort()?;
    peer.wait_requests(1)?;
    wait::until("the peer is let go", wait::SOON, || {
        std::thread::sleep(Duration::from_millis(50));
        peer.endings().len() == 1 || peer.open_connections() <= 1
    })?;
    peer.set(Script::default());
    let next = client::get(httpd.port(), "/w/next")?;
    ensure!(
        next.field("target").as_deref() == Some("/w/next"),
        "{next:?}"
    );
    httpd.assert_clean();
    Ok(())
}

/// A peer that accepts and never reads does not hold a client longer than configured.
#[test]
fn rjk_a_peer_that_never_reads() -> Result {
    let peer = HttpPeer::start(
        "w",
        Script::default().on_accept([Step::Run(std::sync::Arc::new(|connection| {
            while !connection.is_stopping() {
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }))]),
    )?;
    let authority = Authority::new("Peers")?;
    let properties = "worker.w.socket_timeout=1\nworker.w.reply_timeout=1000\n";
    let httpd = super::in_front_of(&authority, &[peer.reach("w")], &["w"], properties)?;
    let began = Instant::now();
    let post = Request::new("POST", "/w/x").body(vec![b'x'; 20_000_000]);
    let seen = told(&httpd, &post)?;
    ensure!(matches!(seen, Told::Status(502..=504)), "{seen:?}");
    ensure!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    Ok(())
}
