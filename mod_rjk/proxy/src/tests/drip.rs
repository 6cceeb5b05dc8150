//! Peers that drip: every byte comes in time, the whole does not (A-05, A-11, A-12, A-18, BG-11).

use super::rig::Rig;
use super::support::*;
use rjk_config::model::{AjpSpec, PingSpec};
use rjk_message::BodyLength;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(60);
/// Longer than a pause, shorter than any packet takes.
const LIMIT: Option<Duration> = Some(Duration::from_millis(200));
/// Far below what the peers here take.
const BOUNDED: Duration = Duration::from_secs(3);

/// Sends byte by byte; the module may have gone by then.
fn drip(stream: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// The status that a GET gets from one connection.
fn status(spec: AjpSpec, serve: Serve) -> u16 {
    let backend = Backend::start(vec![serve]);
    let rig = Rig::new(&backend, AjpSpec { retries: 1, ..spec });
    let run = rig.run(b"GET", BodyLength::None, Client::default());
    drop(rig);
    backend.done();
    run.status()
}

/// Answers with `whole` at once, then with the rest byte by byte.
fn dripping(whole: &'static [u8], rest: &'static [u8]) -> Serve {
    Box::new(move |stream| {
        packet(stream);
        stream.write_all(whole).unwrap();
        drip(stream, rest);
    })
}

#[test]
fn a18_reply_timeout_is_for_the_whole_packet() {
    let spec = AjpSpec {
        reply_timeout: LIMIT,
        ..spec()
    };
    assert_eq!(status(spec.clone(), dripping(b"", HEAD)), 504, "the head");
    let body = [HEAD, CHUNK, &CHUNK[..2]].concat().leak();
    assert_eq!(
        status(spec, dripping(body, &CHUNK[2..])),
        504,
        "in the middle of a packet"
    );
}

#[test]
fn a05_socket_timeout_is_for_the_whole_packet() {
    let spec = AjpSpec {
        socket_timeout: LIMIT,
        ..spec()
    };
    assert_eq!(status(spec.clone(), dripping(b"", HEAD)), 502, "the head");
    let spec = AjpSpec {
        reply_timeout: Some(Duration::from_secs(30)),
        ..spec
    };
    assert_eq!(
        status(spec, dripping(&HEAD[..1], &HEAD[1..])),
        502,
        "inside, with a reply_timeout too"
    );
}

#[test]
fn a18_packets_in_time_may_take_longer_in_all() {
    let spec = AjpSpec {
        reply_timeout: LIMIT,
        socket_timeout: LIMIT,
        ..spec()
    };
    let steady: Serve = Box::new(|stream| {
        packet(stream);
        for bytes in [HEAD, CHUNK, CHUNK, CHUNK, CHUNK, CHUNK, END] {
            std::thread::sleep(PAUSE);
            stream.write_all(bytes).unwrap();
        }
    });
    assert_eq!(status(spec, steady), 200);
}

#[test]
fn a11_a12_cpong_byte_by_byte() {
    let pongs: Serve = Box::new(|stream| {
        packet(stream);
        drip(stream, b"AB\0\x01\x09");
        let _ = stream.read(&mut [0; 512]);
    });
    let ping = PingSpec {
        connect: LIMIT,
        ..PingSpec::default()
    };
    assert_eq!(status(AjpSpec { ping, ..spec() }, pongs), 503);
}

#[test]
fn bg11_a_worker_that_reads_a_little_at_a_time() {
    let listening = Listening::new();
    let (mut connection, mut backend) = listening.pair();
    let reader = std::thread::spawn(move || {
        let mut some = [0; 64 << 10];
        while backend.read(&mut some).is_ok_and(|bytes| bytes > 0) {
            std::thread::sleep(PAUSE);
        }
    });
    let began = Instant::now();
    let (sent, error) = connection.send(&vec![0; 64 << 20], LIMIT).unwrap_err();
    assert!(began.elapsed() < BOUNDED, "{:?}", began.elapsed());
    assert!(sent > 0 && sent < 64 << 20);
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    drop(connection);
    reader.join().unwrap();
}
