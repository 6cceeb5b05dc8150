//! A request that is not safe to repeat, on a connection that was kept from another one.

use super::rig::{Rig, Run};
use super::support::*;
use rjk_balance::Outcome;
use rjk_config::model::{AjpSpec, HttpSpec, Protocol, RecoveryOptions};
use rjk_message::BodyLength;
use std::io::{Read, Write};
use std::time::Duration;

/// A worker's connection that answers so many requests, reads a piece of the next one, and is gone after a
/// pause.
fn leaves(behind: usize, pause: u64, http: bool, reset: bool) -> Serve {
    Box::new(move |stream| {
        let ok: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        let answer = if http {
            ok.to_vec()
        } else {
            [HEAD, CHUNK, END].concat()
        };
        let mut piece = [0; 4096];
        for _ in 0..behind {
            assert!(stream.read(&mut piece).unwrap() > 0);
            stream.write_all(&answer).unwrap();
        }
        assert!(stream.read(&mut piece).unwrap() > 0);
        std::thread::sleep(Duration::from_millis(pause));
        if reset {
            let socket = socket2::SockRef::from(&*stream);
            socket.set_linger(Some(Duration::ZERO)).unwrap();
        }
    })
}

fn spec_of(http: bool) -> AjpSpec {
    let mut spec = spec();
    if http {
        spec.way.protocol = Protocol::Http(Box::<HttpSpec>::default());
    }
    spec
}

fn post(rig: &Rig) -> Run {
    rig.run(b"POST", BodyLength::None, Client::default())
}

/// Of the last of two requests, when the worker leaves at the one that is `behind` others: what the client
/// got, and what it means for a member.
fn last(
    behind: usize,
    pause: u64,
    http: bool,
    reset: bool,
    spec: AjpSpec,
) -> (u16, Option<Outcome>) {
    let backend = Backend::start(vec![leaves(behind, pause, http, reset)]);
    let rig = Rig::new(&backend, spec);
    for _ in 0..behind {
        assert_eq!(post(&rig).status(), 200);
    }
    let run = post(&rig);
    drop(rig);
    backend.done();
    let outcome = run.result.as_ref().err().map(|failure| {
        assert!(!failure.retry, "{failure}");
        assert!(!failure.is_reply_timeout(), "{failure}");
        failure.outcome(0)
    });
    (run.status(), outcome)
}

/// PL-04, TR-14.
#[test]
fn a_kept_connection_that_ends_at_once_says_nothing_of_its_worker() {
    for http in [false, true] {
        for reset in [false, true] {
            let row = format!("http {http}, reset {reset}");
            let kept = last(1, 0, http, reset, spec_of(http));
            assert_eq!(kept, (502, Some(Outcome::Internal)), "{row}");
            let new = last(0, 0, http, reset, spec_of(http));
            assert_eq!(new, (502, Some(Outcome::LocalError)), "{row}");
            let late = last(1, 1200, http, reset, spec_of(http));
            assert_eq!(late, (502, Some(Outcome::LocalError)), "{row}");
        }
    }
}

/// F-11b: a reset is no reply timeout there, though one is set.
#[test]
fn nor_is_it_a_reply_timeout() {
    let limited = |http| AjpSpec {
        reply_timeout: Some(Duration::from_secs(5)),
        ..spec_of(http)
    };
    for http in [false, true] {
        let kept = last(1, 0, http, true, limited(http));
        assert_eq!(kept, (502, Some(Outcome::Internal)), "{http}");
    }
}

/// RO-06: where the file asks for repetitions, one is made.
#[test]
fn what_may_be_repeated_is() {
    for http in [false, true] {
        let backend = Backend::start(vec![leaves(1, 0, http, false), leaves(1, 0, http, false)]);
        let spec = AjpSpec {
            recovery_options: RecoveryOptions { explicit: Some(0) },
            ..spec_of(http)
        };
        let rig = Rig::new(&backend, spec);
        assert_eq!((post(&rig).status(), post(&rig).status()), (200, 200));
        drop(rig);
    }
}

#[test]
fn the_line_says_that_the_connection_was_kept() {
    let backend = Backend::start(vec![leaves(1, 0, true, false)]);
    let rig = Rig::new(&backend, spec_of(true));
    assert_eq!(post(&rig).status(), 200);
    let line = post(&rig).result.unwrap_err().to_string();
    assert!(line.contains("kept from another request"), "{line}");
    assert!(line.contains("keepAliveTimeout"), "{line}");
    drop(rig);
    backend.done();
}

/// What a worker said shows that it had the request, though the connection then ends at once.
#[test]
fn a_worker_that_asked_for_the_body_had_the_request() {
    let worker: Serve = Box::new(|stream| {
        let mut piece = [0; 16384];
        assert!(stream.read(&mut piece).unwrap() > 0);
        stream.write_all(&[HEAD, CHUNK, END].concat()).unwrap();
        assert!(stream.read(&mut piece).unwrap() > 0);
        stream.write_all(b"AB\x00\x03\x06\x1f\xfa").unwrap();
        assert!(stream.read(&mut piece).unwrap() > 0);
    });
    let backend = Backend::start(vec![worker]);
    let rig = Rig::new(&backend, spec());
    assert_eq!(post(&rig).status(), 200);
    let client = Client {
        input: vec![b'x'; 12_000],
        ..Client::default()
    };
    let run = rig.run(b"POST", BodyLength::Known(12_000), client);
    assert_eq!(run.result.unwrap_err().outcome(0), Outcome::LocalError);
    drop(rig);
    backend.done();
}

/// It gave CPONG on this connection right before.
#[test]
fn a_worker_that_was_just_asked_had_not_closed_the_connection() {
    let worker: Serve = Box::new(|stream| {
        let mut piece = [0; 4096];
        for answer in [
            b"AB\x00\x01\x09".to_vec(),
            [HEAD, CHUNK, END].concat(),
            b"AB\x00\x01\x09".to_vec(),
        ] {
            assert!(stream.read(&mut piece).unwrap() > 0);
            stream.write_all(&answer).unwrap();
        }
        assert!(stream.read(&mut piece).unwrap() > 0);
    });
    let mut spec = spec();
    spec.ping.prepost = Some(Duration::from_secs(5));
    let backend = Backend::start(vec![worker]);
    let rig = Rig::new(&backend, spec);
    assert_eq!(post(&rig).status(), 200);
    let failure = post(&rig).result.unwrap_err();
    assert_eq!(failure.outcome(0), Outcome::LocalError);
    drop(rig);
    backend.done();
}

/// An upload that was under way for longer than it takes to close a connection.
#[test]
fn a_worker_that_took_a_part_of_an_upload_had_the_request() {
    let worker: Serve = Box::new(|stream| {
        let mut piece = [0; 65536];
        assert!(stream.read(&mut piece).unwrap() > 0);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            .unwrap();
        for _ in 0..14 {
            assert!(stream.read(&mut piece).unwrap() > 0);
            std::thread::sleep(Duration::from_millis(100));
        }
        let socket = socket2::SockRef::from(&*stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    });
    let backend = Backend::start(vec![worker]);
    let rig = Rig::new(&backend, spec_of(true));
    assert_eq!(post(&rig).status(), 200);
    let size = 64 << 20;
    let client = Client {
        input: vec![b'x'; size],
        ..Client::default()
    };
    let run = rig.run(b"POST", BodyLength::Known(size as u64), client);
    let failure = run.result.unwrap_err();
    assert_ne!(failure.outcome(0), Outcome::Internal, "{failure}");
    drop(rig);
    backend.done();
}
