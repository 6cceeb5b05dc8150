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
