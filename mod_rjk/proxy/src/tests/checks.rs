//! What maintenance makes of a probe that failed, with the real check of a worker.

use super::rig::Rig;
use super::support::*;
use crate::way::pool::Budget;
use rjk_config::model::{AjpSpec, HttpSpec, PingSpec, Protocol};
use rjk_log::NoLog;
use rjk_message::BodyLength;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(300);
const PONG: &[u8] = b"AB\x00\x01\x09";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How a worker is spoken to.
#[derive(Clone, Copy)]
struct Words {
    is_http: bool,
    answer: &'static [u8],
    alive: &'static [u8],
}

const AJP: Words = Words {
    is_http: false,
    answer: b"AB\x00\x08\x04\x00\xc8\x00\x00\0\x00\x00AB\x00\x02\x05\x01",
    alive: PONG,
};

const HTTP: Words = Words {
    is_http: true,
    answer: OK,
    alive: OK,
};

impl Words {
    fn spec(self) -> AjpSpec {
        let mut spec = spec();
        spec.ping = PingSpec {
            interval: Some(Duration::from_millis(1)),
            timeout: LIMIT,
            ..PingSpec::default()
        };
        if self.is_http {
            let probe = Some("/health".into());
            let http = HttpSpec {
                probe,
                ..HttpSpec::default()
            };
            spec.way.protocol = Protocol::Http(Box::new(http));
        }
        spec
    }

    /// Reads a request, or a probe. Whether there was one.
    fn read(self, stream: &mut TcpStream) -> bool {
        if stream.peek(&mut [0]).unwrap_or(0) == 0 {
            return false;
        }
        if self.is_http {
            head(stream);
        } else {
            packet(stream);
        }
        true
    }
}

/// Two idle connections of which the first one that is asked gets this answer, and the other a good one: how
/// many are left, and how long that took.
fn left(words: Words, first: &'static [u8]) -> (usize, Duration) {
    let (both, asked) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
    let serve = || -> Serve {
        let (both, asked) = (Arc::clone(&both), Arc::clone(&asked));
        Box::new(move |stream| {
            assert!(words.read(stream));
            both.wait();
            stream.write_all(words.answer).unwrap();
            while words.read(stream) {
                let answer = match asked.fetch_add(1, Ordering::SeqCst) {
                    0 => first,
                    _ => words.alive,
                };
                stream.write_all(answer).unwrap();
            }
        })
    };
    let backend = Backend::parallel(vec![serve(), serve()]);
    let rig = Rig::new(&backend, words.spec());
    let get = || {
        rig.run(b"GET", BodyLength::None, Client::default())
            .status()
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(get), scope.spawn(get)];
        assert_eq!(threads.map(|thread| thread.join().unwrap()), [200; 2]);
    });
    assert_eq!(rig.endpoint.pool().counts(), (0, 2));
    std::thread::sleep(Duration::from_millis(10));
    let began = Instant::now();
    rig.endpoint.check_idle(&Budget::UNLIMITED, &NoLog);
    let left = (rig.endpoint.pool().counts().1, began.elapsed());
    drop(rig);
    backend.done();
    left
}

/// A-13, PL-06: each connection is asked, and the one that says something wrong is closed. It cost no wait.
#[test]
fn a13_a_probe_that_fails_says_nothing_of_the_other_connections() {
    for (words, first) in [(AJP, &b"AB\x00\x02\x05\x01"[..]), (HTTP, LAST)] {
        let (left, _) = left(words, first);
        assert_eq!(left, 1, "http: {}", words.is_http);
    }
}

/// Each of them would cost the same wait.
#[test]
fn a10_a_probe_without_an_answer_ends_the_others_unasked() {
    for words in [AJP, HTTP] {
        let (left, took) = left(words, b"");
        assert_eq!(left, 0, "http: {}", words.is_http);
        assert!(took < LIMIT * 2, "{took:?}");
    }
}
