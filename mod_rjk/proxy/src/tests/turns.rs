//! Request and answer that take turns: each side waits for a part of the other's.

use super::rig::Rig;
use super::support::*;
use crate::job::downstream::{BodyReady, BrokenBody, ClientError, Downstream, Then};
use rjk_config::model::{AjpSpec, HttpSpec, Protocol, RuleExtensions};
use rjk_log::NoLog;
use rjk_message::{BodyLength, ResponseHead};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(8);

/// What a client has that is waited for.
#[derive(Clone, Copy, Debug)]
enum Waits {
    /// A descriptor that tells.
    OnIt,
    /// None.
    Blind,
    /// A descriptor that says nothing of use: it always is readable.
    InVain,
}

/// The client's side in httpd: the body comes over a socket, the answer goes through a channel.
struct Side {
    body: UnixStream,
    waits: Waits,
    always: UnixStream,
    have: Vec<u8>,
    ended: bool,
    asked: usize,
    answer: Sender<Vec<u8>>,
}

impl Side {
    fn take(&mut self) -> bool {
        let mut piece = [0; 1024];
        match self.body.read(&mut piece) {
            Ok(0) => self.ended = true,
            Ok(read) => self.have.extend_from_slice(&piece[..read]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return false;
            }
        }
        true
    }
}

impl Downstream for Side {
    fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize, BrokenBody> {
        if self.have.is_empty() && !self.ended {
            self.body.set_nonblocking(false).unwrap();
            self.take();
        }
        let taken = self.have.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&self.have[..taken]);
        self.have.drain(..taken);
        Ok(taken)
    }

    fn body_ready(&mut self, _: usize) -> BodyReady<'_> {
        self.asked += 1;
        self.body.set_nonblocking(true).unwrap();
        if !self.have.is_empty() || self.ended || self.take() {
            return BodyReady::Yes;
        }
        BodyReady::NotYet(match self.waits {
            Waits::OnIt => Some(self.body.as_fd()),
            Waits::Blind => None,
            Waits::InVain => Some(self.always.as_fd()),
        })
    }

    fn start(&mut self, _: &ResponseHead, _: Option<&[u8]>) -> Result<(), ClientError> {
        Ok(())
    }

    fn send(&mut self, body: &[&[u8]], _: Then) -> Result<(), ClientError> {
        // The user may have seen enough.
        let _ = self.answer.send(body.concat());
        Ok(())
    }
}

/// One request with a body in chunks, which `user` sends and whose answer it hears; the status, how often
/// the client was asked, and how long it took.
fn play(
    waits: Waits,
    worker: Serve,
    user: impl FnOnce(UnixStream, Receiver<Vec<u8>>) + Send + 'static,
) -> (u16, usize, Duration) {
    let backend = Backend::start(vec![worker]);
    let rig = Rig::new(
        &backend,
        AjpSpec {
            way: rjk_config::model::Way {
                protocol: Protocol::Http(Box::<HttpSpec>::default()),
                ..Default::default()
            },
            ..spec()
        },
    );
    let (body, sends) = UnixStream::pair().unwrap();
    let (always, mut other) = UnixStream::pair().unwrap();
    other.write_all(b"x").unwrap();
    let (answer, hears) = channel();
    let user = thread::spawn(move || user(sends, hears));
    let mut side = Side {
        body,
        waits,
        always,
        have: Vec::new(),
        ended: false,
        asked: 0,
        answer,
    };
    let rule = RuleExtensions::default();
    let request = request(b"POST", BodyLength::Chunked, &rule);
    let began = Instant::now();
    let result = rig.call(&request, &mut side, &NoLog);
    let took = began.elapsed();
    let asked = side.asked;
    drop(side);
    assert!(user.join().is_ok(), "the user failed");
    backend.done();
    let status = match result {
        Ok(served) => served.status(),
        Err(failure) => failure.status(),
    };
    (status, asked, took)
}

/// Hears these bytes, in whichever pieces.
fn hears(answer: &Receiver<Vec<u8>>, expected: &[u8]) {
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        heard.extend(answer.recv_timeout(SOON).unwrap());
    }
    assert_eq!(heard, expected);
}

#[test]
fn parts_of_request_and_answer_take_turns() {
    for waits in [Waits::OnIt, Waits::Blind, Waits::InVain] {
        let worker: Serve = Box::new(|stream| {
            until(stream, b"3\r\none\r\n");
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n")
                .unwrap();
            until(stream, b"3\r\ntwo\r\n");
            stream.write_all(b"1\r\n2\r\n").unwrap();
            until(stream, b"0\r\n\r\n");
            stream.write_all(b"0\r\n\r\n").unwrap();
        });
        let (status, asked, took) = play(waits, worker, |mut sends, answer| {
            // The part comes late, and so does its answer.
            thread::sleep(Duration::from_millis(300));
            sends.write_all(b"one").unwrap();
            hears(&answer, b"1");
            thread::sleep(Duration::from_millis(300));
            sends.write_all(b"two").unwrap();
            hears(&answer, b"2");
        });
        assert_eq!(status, 200, "{waits:?}");
        assert!(took < SOON, "{waits:?}: {took:?}");
        let most = match waits {
            Waits::OnIt => 12,
            Waits::Blind | Waits::InVain => 80,
        };
        assert!(asked <= most, "{waits:?}: asked {asked} times");
    }
}

/// An answer that needs no more of the body is passed on while the client is silent.
#[test]
fn a_client_that_says_no_more_gets_its_answer() {
    let worker: Serve = Box::new(|stream| {
        until(stream, b"3\r\none\r\n");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
            .unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (status, _, took) = play(Waits::OnIt, worker, |mut sends, answer| {
        sends.write_all(b"one").unwrap();
        hears(&answer, b"done");
    });
    assert_eq!(status, 200);
    assert!(took < SOON, "{took:?}");
}

/// One that leaves without a word is no reason to wait for the client.
#[test]
fn a_worker_that_leaves_ends_the_wait_for_the_client() {
    let worker: Serve = Box::new(|stream| {
        until(stream, b"3\r\none\r\n");
    });
    let (status, _, took) = play(Waits::OnIt, worker, |mut sends, answer| {
        sends.write_all(b"one").unwrap();
        // Nothing comes, and the client keeps its side open.
        assert!(answer.recv_timeout(SOON).is_err());
    });
    assert!(matches!(status, 502 | 503), "{status}");
    assert!(took < Duration::from_secs(3), "{took:?}");
}
