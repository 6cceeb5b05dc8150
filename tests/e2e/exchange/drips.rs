//! Workers that drip: every byte comes in time, the whole does not (A-05, A-11, A-18, X-01, E-03,
//! BG-11).

use rjk_testbed::client::{self, BodyEnd, Client, Request};
use rjk_testbed::peer::{CPONG, Head, Script, Step, get_body_chunk};
use rjk_testbed::{Httpd, Peer, Result, Subject, farm};
use std::time::{Duration, Instant};

/// Between two bytes.
const PAUSE: Duration = Duration::from_millis(150);
/// Far below what any of these peers takes for the whole.
const BOUNDED: Duration = Duration::from_secs(6);

/// A server whose workers have one limit each, and a rule and a variable that have one.
fn server(peer: &Peer) -> Result<Httpd> {
    let workers = ["reply", "socket", "none"]
        .map(|name| peer.worker(name))
        .concat()
        + "worker.reply.reply_timeout=700\nworker.socket.socket_timeout=1\n\
           worker.none.reply_timeout=60000\n";
    farm::server(Subject::Rjk, &["reply", "socket", "none"], &workers)
        .module("setenvif")
        .directives("JkMount /rule/* none;reply_timeout=700")
        .directives("SetEnvIf X-Limit (.+) JK_REPLY_TIMEOUT=$1")
        .start()
}

fn status_in_time(httpd: &Httpd, request: Request) -> Result<u16> {
    let began = Instant::now();
    let status = client::send(httpd.port(), request)?.status;
    assert!(began.elapsed() < BOUNDED, "{:?}", began.elapsed());
    Ok(status)
}

/// Each limit with a peer that drips from the head on, and one that drips in the middle of a packet.
#[test]
fn rjk_packets() -> Result {
    let head = Head::ok().header("X-Long", &"x".repeat(100)).packet();
    let (start, rest) = head.split_at(20);
    let whole = [Step::Trickle(head.clone(), PAUSE)];
    let middle = [
        Step::Send(start.to_vec()),
        Step::Trickle(rest.to_vec(), PAUSE),
    ];
    for script in [Script::new(whole), Script::new(middle)] {
        let peer = Peer::start(script)?;
        let httpd = server(&peer)?;
        let limited = Request::new("POST", "/none/").header("X-Limit", "700");
        let rows = [
            (Request::new("POST", "/reply/"), 504, "A-18"),
            (Request::new("POST", "/rule/"), 504, "X-01"),
            (limited, 504, "E-03"),
            (Request::new("POST", "/socket/"), 502, "A-05"),
        ];
        for (request, status, row) in rows {
            assert_eq!(status_in_time(&httpd, request)?, status, "{row}");
        }
    }
    Ok(())
}

/// A body packet that drips behind a head that was flushed to the client.
#[test]
fn rjk_body_packets() -> Result {
    let chunk = rjk_testbed::peer::body_chunk(&[b'x'; 200]);
    let steps = [
        Step::Head(Head::ok()),
        Step::Flush,
        Step::Trickle(chunk, PAUSE),
    ];
    let peer = Peer::start(Script::new(steps))?;
    let httpd = server(&peer)?;
    for path in ["/reply/", "/rule/", "/socket/"] {
        let began = Instant::now();
        let mut client = Client::connect(httpd.port())?;
        client.raw(&Request::get(path).head_bytes())?;
        let answer = client.response("GET")?;
        assert!(matches!(answer.end, BodyEnd::Broken(_)), "{answer:?}");
        assert!(began.elapsed() < BOUNDED, "{path}: {:?}", began.elapsed());
    }
    Ok(())
}

#[test]
fn rjk_cpong_byte_by_byte() -> Result {
    let pong = [Step::Trickle(CPONG.to_vec(), PAUSE)];
    let peer = Peer::start(Script::new([Step::Echo]).on_ping(pong))?;
    let workers = peer.worker("w") + "worker.w.ping_mode=CP\nworker.w.ping_timeout=400\n";
    let httpd = farm::server(Subject::Rjk, &["w"], &workers).start()?;
    assert_eq!(status_in_time(&httpd, Request::get("/w/"))?, 503);
    assert!(peer.requests().is_empty());
    Ok(())
}

/// A worker that asks for body data again and again and reads it byte by byte.
#[test]
fn rjk_sends() -> Result {
    let asks = Step::run(|connection| {
        connection.send(&get_body_chunk(8186).repeat(4000))?;
        while !connection.is_stopping() && connection.read_raw(&mut [0])? > 0 {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    });
    let peer = Peer::start(Script::new([asks]))?;
    let httpd = server(&peer)?;
    let body = vec![b'x'; 20 << 20];
    let post = |path: &str| Request::new("POST", path).body(body.clone());
    let rows = [
        (post("/reply/"), "BG-11"),
        (post("/socket/"), "A-05"),
        (post("/rule/"), "X-01"),
        (post("/none/").header("X-Limit", "700"), "E-03"),
    ];
    for (request, row) in rows {
        assert_eq!(status_in_time(&httpd, request)?, 503, "{row}");
    }
    Ok(())
}
