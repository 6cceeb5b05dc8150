//! The pump and HTTP/1.1 against small backends.

use super::rig::{Rig, Run};
use super::support::*;
use crate::way::pool::Budget;
use rjk_config::model::{AjpSpec, PingSpec, Protocol, Way};
use rjk_log::NoLog;
use rjk_message::BodyLength;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn http(spec: AjpSpec) -> AjpSpec {
    AjpSpec {
        way: Way {
            protocol: Protocol::Http(Box::default()),
            ..Way::default()
        },
        ..spec
    }
}

/// A backend's connection that answers so many requests without a body.
fn says(times: usize, answer: &'static [u8]) -> Serve {
    Box::new(move |stream| {
        for _ in 0..times {
            head(stream);
            stream.write_all(answer).unwrap();
        }
    })
}

/// One request, to a worker that serves these connections.
fn run(connections: Vec<Serve>, method: &[u8], body: BodyLength, client: Client) -> Run {
    let backend = Backend::start(connections);
    let rig = Rig::new(&backend, http(spec()));
    let run = rig.run(method, body, client);
    drop(rig);
    backend.done();
    run
}

fn get(answer: &'static [u8]) -> Run {
    let once: Serve = Box::new(move |stream| {
        head(stream);
        stream.write_all(answer).unwrap();
    });
    run(vec![once], b"GET", BodyLength::None, Client::default())
}

#[test]
fn a_whole_response_returns_its_connection() {
    let backend = Backend::start(vec![says(2, OK)]);
    let rig = Rig::new(&backend, http(spec()));
    assert_eq!(rig.get(), "hi");
    assert_eq!(rig.get(), "hi");
    assert_eq!(backend.accepted(), 1);
    drop(rig);
    backend.done();
}

#[test]
fn how_a_body_ends_and_whether_the_connection_is_kept() {
    // What is answered, what the client got of the body, idle connections behind it.
    #[rustfmt::skip]
    let rows: [(&[u8], &[u8], usize); 7] = [
        (OK, b"hi", 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi", 1),
        (b"HTTP/1.1 200 OK\r\n\r\nhi", b"hi", 0),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", b"hi", 0),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", 1),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", 1),
        // The next request could take them for its answer.
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n", b"hi", 0),
    ];
    for (answer, body, idle) in rows {
        let run = get(answer);
        let text = answer.escape_ascii().to_string();
        assert!(run.result.is_ok(), "{text}: {:?}", run.result);
        assert!(run.client.ended, "{text}");
        assert_eq!((&run.client.body[..], run.idle), (body, idle), "{text}");
    }
}

#[test]
fn what_is_no_clear_answer_is_a_502_and_ends_its_connection() {
    #[rustfmt::skip]
    let rows: [&[u8]; 6] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nhi",
        b"AB\x00\x08\x04\x00\xc8\x00\x00\0\x00\x00",
        b"HTTP/1.1 200 O",
    ];
    for answer in rows {
        let run = run(
            vec![Box::new(move |stream| {
                head(stream);
                stream.write_all(answer).unwrap();
            })],
            b"POST",
            BodyLength::None,
            Client::default(),
        );
        let text = answer.escape_ascii().to_string();
        assert_eq!((run.status(), run.idle), (502, 0), "{text}");
        assert_eq!(run.client.status, None, "{text}");
    }
}

#[test]
fn a_body_that_breaks_off_is_no_whole_answer() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
    ] {
        let run = get(answer);
        assert!(run.result.is_err() && !run.client.ended);
        assert_eq!(run.client.body, b"hi");
    }
}

#[test]
fn a_connection_is_given_up_before_its_worker_does() {
    let kept: &[u8] = b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nhi";
    let backend = Backend::start(vec![says(1, kept), says(1, kept)]);
    let rig = Rig::new(&backend, http(spec()));
    // A second less than said is none at all.
    assert_eq!((rig.get(), rig.get()), ("hi".into(), "hi".into()));
    assert_eq!(backend.accepted(), 2);
    drop(rig);
    backend.done();
}

/// A worker that reads all of a body of this length, and says what came.
fn counts(length: usize) -> Serve {
    Box::new(move |stream| {
        assert!(head(stream).contains(&format!("Content-Length: {length}\r\n")));
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        assert!(body.iter().all(|byte| *byte == b'x'));
        stream.write_all(OK).unwrap();
    })
}

fn upload(length: usize) -> Client {
    Client {
        input: vec![b'x'; length],
        ..Client::default()
    }
}

#[test]
fn a_body_is_pushed_whole() {
    for length in [1, 65_536, 65_537, 3_000_000] {
        let known = BodyLength::Known(length as u64);
        let run = run(vec![counts(length)], b"POST", known, upload(length));
        assert_eq!((run.status(), run.idle), (200, 1), "{length}");
    }
}

#[test]
fn a_body_of_unknown_length_goes_in_chunks() {
    let reads: Serve = Box::new(|stream| {
        assert!(head(stream).contains("Transfer-Encoding: chunked\r\n"));
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n0\r\n\r\n") {
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap();
            assert!(read > 0);
            seen.extend_from_slice(&bytes[..read]);
        }
        let text = seen.iter().filter(|byte| **byte == b'x').count();
        assert_eq!(text, 200_000);
        stream.write_all(OK).unwrap();
    });
    let run = run(vec![reads], b"POST", BodyLength::Chunked, upload(200_000));
    assert_eq!((run.status(), run.idle), (200, 1));
}

#[test]
fn a_worker_that_sends_back_while_it_reads_waits_for_nobody() {
    const LENGTH: usize = 8_000_000;
    let echoes: Serve = Box::new(|stream| {
        head(stream);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        let mut left = LENGTH;
        let mut bytes = vec![0; 16 * 1024];
        while left > 0 {
            let most = bytes.len().min(left);
            let read = stream.read(&mut bytes[..most]).unwrap();
            stream.write_all(&bytes[..read]).unwrap();
            left -= read;
        }
    });
    let known = BodyLength::Known(LENGTH as u64);
    let run = run(vec![echoes], b"POST", known, upload(LENGTH));
    assert_eq!((run.status(), run.client.body.len()), (200, LENGTH));
    assert_eq!(run.idle, 0, "it answered before it had everything");
}

#[test]
fn an_early_refusal_reaches_the_client_though_the_body_is_not_read() {
    let refuses = |then: fn(&mut TcpStream)| -> Serve {
        Box::new(move |stream| {
            head(stream);
            let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
            stream.write_all(answer).unwrap();
            then(stream);
        })
    };
    type Ending = fn(&mut TcpStream);
    let endings: [(&str, Ending); 3] = [
        ("closes, which resets what is unread", |_| {}),
        ("ends its side", |stream| {
            stream.shutdown(Shutdown::Write).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }),
        ("goes on reading", |stream| {
            std::io::copy(stream, &mut std::io::sink()).unwrap();
        }),
    ];
    for (name, then) in endings {
        let known = BodyLength::Known(20_000_000);
        let run = run(vec![refuses(then)], b"POST", known, upload(20_000_000));
        assert_eq!((run.status(), run.idle), (413, 0), "{name}");
        assert_eq!(run.client.body, b"no", "{name}");
        assert!(run.client.read < 20_000_000, "{name}");
    }
}

#[test]
fn a_worker_that_resets_an_upload_and_says_nothing_fails_it() {
    let resets: Serve = Box::new(|stream| {
        head(stream);
    });
    let known = BodyLength::Known(20_000_000);
    let run = run(vec![resets], b"POST", known, upload(20_000_000));
    assert!(run.result.is_err_and(|failure| !failure.retry));
    assert_eq!(run.client.status, None);
}

/// HTTP has no word for an application's flush: the worker sends and falls silent.
#[test]
fn what_came_before_a_silence_is_flushed() {
    const PAUSE: Duration = Duration::from_millis(50);
    let pieces: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"3\r\none\r\n",
        b"3\r\ntwo\r\n5\r\nth",
        b"ree\r\n0\r\n\r\n",
    ];
    let speaks: Serve = Box::new(move |stream| {
        head(stream);
        for piece in pieces {
            stream.write_all(piece).unwrap();
            std::thread::sleep(PAUSE);
        }
    });
    let run = run(vec![speaks], b"GET", BodyLength::None, Client::default());
    assert_eq!(run.client.body, b"onetwothree");
    assert_eq!(run.client.flushed, [0, 3, 8]);
    assert!(get(OK).client.flushed.is_empty());
}

/// How a client that asks first fares; what the backend saw of its body.
fn asked_first(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> Run {
    let backend = Backend::start(vec![Box::new(move |stream| {
        assert!(head(stream).contains("Expect: 100-continue\r\n"));
        answer(stream);
    })]);
    let rig = Rig::new(&backend, http(spec()));
    let mut request = request(b"POST", BodyLength::Known(2), &rig.rule);
    let headers: [(&[u8], &[u8]); 1] = [(b"Expect", b"100-continue")];
    request.forward.headers = &headers;
    let run = rig.serve(&request, upload(2));
    drop(rig);
    backend.done();
    run
}

fn body_of(stream: &mut TcpStream) {
    let mut body = [0; 2];
    stream.read_exact(&mut body).unwrap();
    assert_eq!(&body, b"xx");
    stream.write_all(OK).unwrap();
}

#[test]
fn a_client_that_asks_first_is_told_what_the_worker_says() {
    let run = asked_first(|stream| {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        body_of(stream);
    });
    assert_eq!((run.status(), run.client.read, run.idle), (200, 2, 1));
    let run = asked_first(|stream| {
        let refusal = b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(refusal).unwrap();
    });
    assert_eq!((run.status(), run.client.read), (417, 0));
}

#[test]
fn a_worker_that_knows_nothing_of_it_gets_the_body_after_a_second() {
    let began = Instant::now();
    let run = asked_first(body_of);
    assert_eq!((run.status(), run.client.read), (200, 2));
    assert!((900..3000).contains(&began.elapsed().as_millis()));
}

/// A filter of httpd may shorten a body whose length was told: the worker waits for the rest.
#[test]
fn a_body_that_ends_before_its_length_is_a_broken_one() {
    let waits: Serve = Box::new(|stream| {
        head(stream);
        let mut seen = Vec::new();
        stream.read_to_end(&mut seen).unwrap();
        assert!(seen.len() < 200_000);
    });
    let client = upload(100_000);
    let run = run(vec![waits], b"POST", BodyLength::Known(200_000), client);
    assert_eq!((run.status(), run.idle), (400, 0));
}

/// The worker's time begins when it has what it answers.
#[test]
fn a_slow_upload_behind_a_wait_for_100_is_not_the_workers_time() {
    let backend = Backend::start(vec![Box::new(|stream| {
        assert!(head(stream).contains("Expect: 100-continue\r\n"));
        let mut body = [0; 20];
        stream.read_exact(&mut body).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        stream.write_all(OK).unwrap();
    })]);
    let rig = Rig::new(
        &backend,
        http(AjpSpec {
            reply_timeout: Some(Duration::from_millis(1500)),
            ..spec()
        }),
    );
    let mut request = request(b"POST", BodyLength::Known(20), &rig.rule);
    let headers: [(&[u8], &[u8]); 1] = [(b"Expect", b"100-continue")];
    request.forward.headers = &headers;
    let client = Client {
        piece: 1,
        pause: Duration::from_millis(50),
        ..upload(20)
    };
    let run = rig.serve(&request, client);
    assert_eq!(run.status(), 200, "{:?}", run.result);
    drop(rig);
    backend.done();
}

/// A worker that answers on the last request of its connection still reads the body that it answers to.
#[test]
fn an_answer_that_closes_does_not_cut_the_upload() {
    const LENGTH: usize = 3_000_000;
    let echoes: Serve = Box::new(|stream| {
        head(stream);
        let answer =
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {LENGTH}\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        let mut body = vec![0; LENGTH];
        stream.read_exact(&mut body).unwrap();
        stream.write_all(&body).unwrap();
    });
    let known = BodyLength::Known(LENGTH as u64);
    let run = run(vec![echoes], b"POST", known, upload(LENGTH));
    assert_eq!((run.status(), run.client.body.len()), (200, LENGTH));
    assert_eq!(run.idle, 0);
}

/// A refusal that comes with a reset before even the first part of a body is taken.
#[test]
fn an_early_refusal_is_heard_when_the_first_part_is_not_taken() {
    // It closes before anything comes, and resets what comes then.
    let refuses: Serve = Box::new(|stream| {
        let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
        stream.write_all(answer).unwrap();
    });
    let client = Client {
        pause: Duration::from_millis(50),
        ..upload(65_536)
    };
    let small = AjpSpec {
        socket_buffer: Some(8192),
        ..spec()
    };
    let backend = Backend::start(vec![refuses]);
    let rig = Rig::new(&backend, http(small));
    let run = rig.run(b"POST", BodyLength::Known(65_536), client);
    assert_eq!(run.status(), 413, "{:?}", run.result);
    assert_eq!(run.client.body, b"no");
    drop(rig);
    backend.done();
}

/// What an AJP worker had as its interval stays when it speaks HTTP without a probe.
#[test]
fn idle_connections_without_a_probe_are_looked_at_once() {
    let backend = Backend::start(vec![says(1, OK)]);
    let rig = Rig::new(
        &backend,
        http(AjpSpec {
            ping: PingSpec {
                interval: Some(Duration::from_millis(1)),
                timeout: Duration::from_secs(1),
                ..PingSpec::default()
            },
            ..spec()
        }),
    );
    assert_eq!(rig.get(), "hi");
    std::thread::sleep(Duration::from_millis(20));
    let began = Instant::now();
    rig.endpoint
        .check_idle(&Budget::of(Duration::from_secs(5)), &NoLog);
    assert!(began.elapsed() < Duration::from_secs(1));
    drop(rig);
    backend.done();
}
