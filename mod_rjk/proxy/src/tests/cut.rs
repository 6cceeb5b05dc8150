//! A worker that breaks a connection while nobody reads: the look that finds it out must not make an end
//! in order of it.

use super::rig::Rig;
use super::support::*;
use crate::way::connection::{Connection, Look, ReceiveError};
use rjk_config::model::{Protocol, Way};
use rjk_message::BodyLength;
use socket2::SockRef;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Closing it resets the connection.
fn to_reset(stream: &TcpStream) {
    let linger = Some(Duration::ZERO);
    SockRef::from(stream).set_linger(linger).unwrap();
}

/// A connection whose reset a look has found, behind a part of an answer.
fn reset() -> Connection {
    let (mut connection, mut far) = Listening::new().pair();
    far.write_all(b"part").unwrap();
    connection.receive(1, None).unwrap();
    to_reset(&far);
    drop(far);
    while connection.look() == Look::Quiet {
        std::thread::yield_now();
    }
    assert_eq!(connection.look(), Look::Ended);
    connection
}

fn received(connection: &mut Connection) -> ErrorKind {
    match connection.receive(1, None) {
        Err(ReceiveError::Io(error)) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_look_found_is_told_and_stays_so() {
    let mut connection = reset();
    assert_eq!(received(&mut connection), ErrorKind::ConnectionReset);
    assert_eq!(received(&mut connection), ErrorKind::UnexpectedEof);
    let mut connection = reset();
    let error = connection.send_or_hear(b"x", None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(received(&mut connection), ErrorKind::UnexpectedEof);
}

/// The answer's end is the connection's.
#[test]
fn an_answer_that_is_cut_off_is_not_whole() {
    let mut spec = spec();
    spec.way = Way {
        protocol: Protocol::Http(Box::default()),
        ..Way::default()
    };
    for _ in 0..20 {
        let cut: Serve = Box::new(|stream| {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\npart").unwrap();
            to_reset(stream);
        });
        let backend = Backend::start(vec![cut]);
        let rig = Rig::new(&backend, spec.clone());
        let run = rig.run(b"GET", BodyLength::None, Client::default());
        assert!(run.result.is_err(), "{:?}", run.client.body);
        drop(rig);
        backend.done();
    }
}
