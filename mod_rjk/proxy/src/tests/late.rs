//! Bytes that a worker sends behind the end of an answer, at every moment (PL-02, CP-08).

use super::rig::Rig;
use super::support::*;
use rjk_config::model::{AjpSpec, PingSpec};
use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

/// Empty body packets, with the closing NUL and without it.
const FLUSH: &[u8] = b"AB\0\x04\x03\0\0\0";
const BARE_FLUSH: &[u8] = b"AB\0\x03\x03\0\0";
const CPONG: &[u8] = b"AB\0\x01\x09";
/// An answer that nobody asked for.
const STRAY: &[u8] =
    b"AB\x00\x08\x04\x00\xc8\x00\x00\0\x00\x00AB\x00\x06\x03\x00\x02no\0AB\x00\x02\x05\x01";

fn whole() -> Vec<u8> {
    [HEAD, CHUNK, END].concat()
}

/// A connection that answers a request, sends `late` once the client has its answer, tells so, and
/// answers another request if one comes.
fn late_when_idle(late: Vec<u8>, done: mpsc::Receiver<()>, sent: mpsc::Sender<()>) -> Serve {
    Box::new(move |stream| {
        packet(stream);
        stream.write_all(&whole()).unwrap();
        done.recv().unwrap();
        stream.write_all(&late).unwrap();
        sent.send(()).unwrap();
        if stream.peek(&mut [0]).is_ok_and(|bytes| bytes > 0) {
            packet(stream);
            stream.write_all(&whole()).unwrap();
        }
    })
}

/// What a second request gets when `late` came between it and the first, and whether it had to go
/// over a new connection.
fn second_answer(late: &[u8]) -> (String, bool) {
    let (done, told) = mpsc::channel();
    let (sent, arrived) = mpsc::channel();
    let first = late_when_idle(late.to_vec(), told, sent);
    let backend = Backend::start(vec![first, answers(false, &[HEAD, CHUNK, END])]);
    let rig = Rig::new(&backend, spec());
    assert_eq!(rig.get(), "hi");
    done.send(()).unwrap();
    arrived.recv().unwrap();
    let text = rig.get();
    let again = backend.accepted() == 2;
    if !again {
        // The second connection is for this one.
        drop(rig);
        let other = Rig::new(&backend, spec());
        assert_eq!(other.get(), "hi");
    }
    backend.done();
    (text, again)
}

#[test]
fn cp08_bytes_that_came_while_idle_answer_nobody() {
    let rows = [STRAY, b"AB", b"x", &[FLUSH, STRAY].concat()];
    for late in rows {
        assert_eq!(second_answer(late), ("hi".into(), true), "{late:02x?}");
    }
}

#[test]
fn cp08_empty_body_packets_that_came_while_idle_are_swallowed() {
    let rows = [FLUSH, BARE_FLUSH, &[FLUSH, BARE_FLUSH, FLUSH].concat()];
    for late in rows {
        assert_eq!(second_answer(late), ("hi".into(), false), "{late:02x?}");
    }
}

#[test]
fn cp08_bytes_right_behind_the_end() {
    let rows: [(&[u8], usize); 7] = [
        (FLUSH, 1),
        (BARE_FLUSH, 1),
        (&FLUSH.repeat(3), 1),
        // The rest of it may still come.
        (&FLUSH[..5], 1),
        (STRAY, 0),
        (END, 0),
        (&[FLUSH, STRAY].concat(), 0),
    ];
    for (late, kept) in rows {
        let backend = Backend::start(vec![answers(false, &[HEAD, CHUNK, END, late])]);
        let rig = Rig::new(&backend, spec());
        assert_eq!(rig.get(), "hi");
        assert_eq!(rig.endpoint.pool().counts().1, kept, "{late:02x?}");
        drop(rig);
        backend.done();
    }
}

/// Between the look at the socket and the request, CPING is the barrier: what comes before or
/// behind CPONG is no answer.
#[test]
fn cp08_bytes_between_the_look_and_the_request() {
    for (reply, reused) in [
        ([STRAY, CPONG].concat(), false),
        ([CPONG, STRAY].concat(), false),
        // What begins like an empty packet may go on as an answer.
        ([CPONG, &FLUSH[..3]].concat(), false),
        ([FLUSH, CPONG].concat(), true),
        ([CPONG, FLUSH].concat(), true),
    ] {
        let spec = AjpSpec {
            ping: PingSpec {
                prepost: Some(Duration::from_secs(5)),
                ..PingSpec::default()
            },
            ..spec()
        };
        let first: Serve = Box::new(move |stream| {
            for pong in [CPONG, &reply] {
                assert_eq!(packet(stream), [10]);
                stream.write_all(pong).unwrap();
                if pong == reply && !reused {
                    return;
                }
                packet(stream);
                stream.write_all(&whole()).unwrap();
            }
        });
        let second: Serve = Box::new(|stream| {
            assert_eq!(packet(stream), [10]);
            stream.write_all(CPONG).unwrap();
            packet(stream);
            stream.write_all(&whole()).unwrap();
        });
        let mut connections = vec![first];
        if !reused {
            connections.push(second);
        }
        let backend = Backend::start(connections);
        let rig = Rig::new(&backend, spec);
        assert_eq!((rig.get(), rig.get()), ("hi".into(), "hi".into()));
        drop(rig);
        backend.done();
    }
}
