//! Attempts and the pump against small backends (contract §4.7, §4.8, §5.8).

use super::rig::{Rig, Run};
use super::support::*;
use crate::job::failure::{Cause, Failure, Phase};
use rjk_config::model::{AjpSpec, FailStatus, RecoveryOptions};
use rjk_message::BodyLength;
use std::io::{Read, Write};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

/// Sends one request for each client to the backend, through one worker.
fn run_all(
    backend: Backend,
    spec: AjpSpec,
    method: &[u8],
    body: BodyLength,
    clients: Vec<Client>,
) -> Vec<Run> {
    let rig = Rig::new(&backend, spec);
    let serve = |client| rig.run(method, body, client);
    let runs = clients.into_iter().map(serve).collect();
    drop(rig);
    backend.done();
    runs
}

fn run(backend: Vec<Serve>, spec: AjpSpec, method: &[u8], body: &[u8]) -> Run {
    let length = match body.len() {
        0 => BodyLength::None,
        length => BodyLength::Known(length as u64),
    };
    let client = Client {
        input: body.to_vec(),
        ..Client::default()
    };
    run_all(Backend::start(backend), spec, method, length, vec![client]).remove(0)
}

fn with_length(length: &[u8; 1]) -> Vec<u8> {
    let mut head = b"AB\x00\x0e\x04\x00\xc8\x00\x00\0\x00\x01\xa0\x03\x00\x01".to_vec();
    head.extend_from_slice(&[length[0], 0]);
    head
}

#[test]
fn sv06_a_whole_response_returns_its_connection() {
    let run = run(
        vec![answers(false, &[HEAD, CHUNK, END])],
        spec(),
        b"GET",
        b"",
    );
    assert_eq!((run.status(), run.idle), (200, 1));
    assert_eq!(
        (run.client.body.as_slice(), run.client.ended),
        (&b"hi"[..], true)
    );
}

#[test]
fn pl09_sv06_only_a_connection_in_step_is_kept() {
    let end_close: &[u8] = b"AB\x00\x02\x05\x00";
    let get_body: &[u8] = b"AB\x00\x03\x06\x00\x64";
    let rows: [(&str, &[&[u8]]); 3] = [
        ("PL-09", &[HEAD, CHUNK, end_close]),
        (
            "CP-08, asked and did not wait",
            &[get_body, HEAD, CHUNK, END],
        ),
        ("CP-08", &[HEAD, CHUNK, END, HEAD]),
    ];
    for (row, bytes) in rows {
        let run = run(vec![answers(false, bytes)], spec(), b"GET", b"");
        assert_eq!((run.status(), run.idle), (200, 0), "{row}");
    }
}

/// Row, method, body, options, requests, status.
type Repeated = (
    &'static str,
    &'static [u8],
    &'static [u8],
    RecoveryOptions,
    usize,
    u16,
);

#[test]
fn ro06_bg01_what_is_repeated() {
    let explicit = |bits| RecoveryOptions {
        explicit: Some(bits),
    };
    let default = RecoveryOptions::default();
    let rows: [Repeated; 11] = [
        ("RO-06", b"GET", b"", default, 2, 200),
        ("RO-06", b"HEAD", b"", default, 2, 200),
        ("BG-01", b"POST", b"data", default, 1, 502),
        ("BG-01", b"PUT", b"data", default, 1, 502),
        ("BG-01", b"DELETE", b"", default, 1, 502),
        ("BG-01", b"POST", b"data", explicit(0), 2, 200),
        ("RO-01", b"GET", b"", explicit(1), 1, 502),
        ("RO-02", b"GET", b"", explicit(2), 2, 200),
        ("RO-04", b"HEAD", b"", explicit(1 | 8), 2, 200),
        ("RO-05", b"GET", b"", explicit(1 | 16), 2, 200),
        ("BG-18", b"GET", b"", explicit(1 | 8 | 16), 2, 200),
    ];
    for (row, method, body, recovery_options, requests, status) in rows {
        let mut backend = vec![answers(!body.is_empty(), &[])];
        if requests == 2 {
            backend.push(answers(!body.is_empty(), &[HEAD, END]));
        }
        let spec = AjpSpec {
            recovery_options,
            ..spec()
        };
        let run = run(backend, spec, method, body);
        let context = format!("{row} {}", String::from_utf8_lossy(method));
        assert_eq!(run.status(), status, "{context}");
    }
}

#[test]
fn ro02_ro06_after_the_head_and_after_the_first_byte() {
    let options = |explicit| AjpSpec {
        recovery_options: RecoveryOptions { explicit },
        ..spec()
    };
    // The head alone is held back: the request goes out again.
    let backend = || vec![answers(false, &[HEAD]), answers(false, &[HEAD, CHUNK, END])];
    let repeated = run(backend(), options(None), b"GET", b"");
    assert_eq!(
        (repeated.status(), repeated.client.body),
        (200, b"hi".to_vec())
    );
    let once = run(vec![answers(false, &[HEAD])], options(Some(2)), b"GET", b"");
    assert_eq!((once.status(), once.client.status), (502, None), "RO-02");
    // A byte went out: never again, whatever the options say.
    for explicit in [None, Some(0)] {
        let run = run(
            vec![answers(false, &[HEAD, CHUNK])],
            options(explicit),
            b"GET",
            b"",
        );
        assert_eq!((run.status(), run.client.body), (502, b"hi".to_vec()));
        assert!(!run.client.ended);
    }
}

#[test]
fn f10_ro07_malformed_contents() {
    let unknown: &[u8] = b"AB\x00\x01\x63";
    let forbidden = AjpSpec {
        recovery_options: RecoveryOptions { explicit: Some(3) },
        ..spec()
    };
    let twice = vec![answers(false, &[unknown]), answers(false, &[HEAD, END])];
    assert_eq!(run(twice, forbidden, b"GET", b"").status(), 200, "RO-07");
    let after_body = vec![answers(false, &[HEAD, CHUNK, HEAD])];
    assert_eq!(run(after_body, spec(), b"GET", b"").status(), 502, "F-10");
}

#[test]
fn ro08_f12_fail_on_status() {
    let spec = AjpSpec {
        fail_on_status: vec![FailStatus {
            status: 200,
            soft: false,
        }],
        ..spec()
    };
    let refused = || answers(false, &[HEAD, CHUNK, END]);
    let get = run(vec![refused(), refused()], spec.clone(), b"GET", b"");
    assert_eq!((get.status(), get.client.status), (503, None));
    let post = run(
        vec![answers(true, &[HEAD, CHUNK, END])],
        spec,
        b"POST",
        b"x",
    );
    assert_eq!((post.status(), post.client.status), (503, None));
}

#[test]
fn bg08_a_body_that_is_not_as_long_as_announced() {
    let (two, three, one) = (with_length(b"2"), with_length(b"3"), with_length(b"1"));
    // Announced, chunks of two bytes, status, what reached the client.
    let rows: [(&[u8], usize, u16, &[u8]); 4] = [
        (&two, 1, 200, b"hi"),
        (&two, 2, 502, b"hi"),
        (&three, 1, 502, b"hi"),
        (&one, 1, 502, b""),
    ];
    for (head, chunks, status, body) in rows {
        let (arrived, arrivals) = mpsc::channel();
        let head = head.to_vec();
        let in_pieces: Serve = Box::new(move |stream| {
            packet(stream);
            stream.write_all(&head).unwrap();
            for _ in 0..chunks {
                stream.write_all(CHUNK).unwrap();
                // A chunk too many never arrives.
                let _ = arrivals.recv_timeout(Duration::from_millis(500));
            }
            // The module may have closed by then.
            let _ = stream.write_all(END);
        });
        let client = Client {
            arrived: Some(arrived),
            ..Client::default()
        };
        let backend = Backend::start(vec![in_pieces]);
        let run = run_all(backend, spec(), b"GET", BodyLength::None, vec![client]).remove(0);
        assert_eq!((run.status(), run.client.body.as_slice()), (status, body));
        assert_eq!(run.client.ended, status == 200);
        assert_eq!(run.idle, usize::from(status == 200));
    }
    let whole = run(
        vec![answers(false, &[&three, CHUNK, END])],
        spec(),
        b"GET",
        b"",
    );
    assert_eq!(
        (whole.status(), whole.client.ended),
        (200, true),
        "httpd frames it"
    );
    let head = run(vec![answers(false, &[&three, END])], spec(), b"HEAD", b"");
    assert_eq!((head.status(), head.client.ended), (200, true));
}

/// It came before its end did, although one read brings both.
#[test]
fn what_comes_with_an_end_that_is_too_early_is_handed_on() {
    let (arrived, arrivals) = mpsc::channel();
    let with_end: Serve = Box::new(move |stream| {
        packet(stream);
        let start = [&with_length(b"5"), CHUNK].concat();
        stream.write_all(&start).unwrap();
        let _ = arrivals.recv_timeout(Duration::from_secs(10));
        let _ = stream.write_all(&[CHUNK, END].concat());
    });
    let client = Client {
        arrived: Some(arrived),
        ..Client::default()
    };
    let backend = Backend::start(vec![with_end]);
    let run = run_all(backend, spec(), b"GET", BodyLength::None, vec![client]).remove(0);
    assert_eq!(
        (run.status(), run.client.body.as_slice()),
        (502, &b"hihi"[..])
    );
    assert!(!run.client.ended);
}

#[test]
fn f11_f11b_timeouts_and_resets() {
    let spec = AjpSpec {
        reply_timeout: Some(Duration::from_millis(60)),
        retries: 1,
        ..spec()
    };
    let silent: Serve = Box::new(|stream| {
        packet(stream);
        // Until the module gives up.
        let _ = stream.read(&mut [0]);
    });
    let run_silent = run(vec![silent], spec.clone(), b"GET", b"");
    assert_eq!(run_silent.status(), 504);
    let reset: Serve = Box::new(|stream| {
        packet(stream);
        let socket = socket2::SockRef::from(&*stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    });
    let run_reset = run(vec![reset], spec, b"GET", b"");
    assert_eq!(run_reset.status(), 504, "F-11b");
    let failure = run_reset.result.unwrap_err();
    assert!(failure.is_reply_timeout() && failure.phase == Phase::AwaitHead);
}

/// A pooled connection that the backend closes or resets while it is idle costs no attempt.
#[test]
fn pl02_pl04_stale_connections() {
    for (reply_timeout, reset) in [(None, false), (Some(5), false), (Some(5), true)] {
        let spec = AjpSpec {
            retries: 1,
            reply_timeout: reply_timeout.map(Duration::from_secs),
            ..spec()
        };
        let first: Serve = Box::new(move |stream| {
            packet(stream);
            stream.write_all(&[HEAD, CHUNK, END].concat()).unwrap();
            if reset {
                let socket = socket2::SockRef::from(&*stream);
                socket.set_linger(Some(Duration::ZERO)).unwrap();
            }
        });
        let backend = Backend::start(vec![first, answers(false, &[HEAD, CHUNK, END])]);
        let clients = vec![Client::default(), Client::default()];
        let runs = run_all(backend, spec, b"GET", BodyLength::None, clients);
        let seen: Vec<u16> = runs.iter().map(Run::status).collect();
        assert_eq!(seen, [200, 200], "{reply_timeout:?} {reset}");
    }
}

#[test]
fn bd01_bd05_bd08_request_bodies() {
    let asks: Serve = Box::new(|stream| {
        packet(stream);
        assert_eq!(packet(stream), b"\x00\x04data");
        stream.write_all(b"AB\x00\x03\x06\x00\x64").unwrap();
        assert_eq!(packet(stream), b"", "BD-05");
        stream.write_all(&[HEAD, END].concat()).unwrap();
    });
    assert_eq!(run(vec![asks], spec(), b"POST", b"data").status(), 200);

    let broken: Serve = Box::new(|stream| {
        packet(stream);
        assert_eq!(packet(stream), [0, 0], "K-06");
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed in order");
    });
    let client = Client {
        input: b"da".to_vec(),
        breaks: true,
        ..Client::default()
    };
    let backend = Backend::start(vec![broken]);
    let run = run_all(backend, spec(), b"POST", BodyLength::Known(4), vec![client]).remove(0);
    assert!(matches!(
        run.result,
        Err(Failure {
            cause: Cause::ClientRead(_),
            retry: false,
            ..
        })
    ));
    assert_eq!((run.status(), run.idle), (400, 0));
}

#[test]
fn bd04_chunked_bodies_have_no_eager_packet() {
    let serve: Serve = Box::new(|stream| {
        packet(stream);
        stream.write_all(b"AB\x00\x03\x06\x00\x02").unwrap();
        assert_eq!(packet(stream), b"\x00\x04data");
        stream.write_all(b"AB\x00\x03\x06\x00\x02").unwrap();
        assert_eq!(packet(stream), b"");
        stream.write_all(&[HEAD, END].concat()).unwrap();
    });
    let client = Client {
        input: b"data".to_vec(),
        piece: 1,
        ..Client::default()
    };
    let backend = Backend::start(vec![serve]);
    let run = run_all(backend, spec(), b"POST", BodyLength::Chunked, vec![client]).remove(0);
    assert_eq!((run.status(), run.idle), (200, 1));
}

/// PL-07, RO-03: the client goes away while the worker sends; the worker sees an end of the stream,
/// with bit 4 a reset.
#[test]
fn pl07_ro03_leaving_the_worker() {
    for (explicit, abrupt) in [(None, false), (Some(4), true)] {
        let meeting = Arc::new(Barrier::new(2));
        let at_backend = Arc::clone(&meeting);
        let serve: Serve = Box::new(move |stream| {
            packet(stream);
            stream.write_all(&[HEAD, CHUNK].concat()).unwrap();
            at_backend.wait();
            // The module is busy with the client: these bytes are not read when it fails.
            stream.write_all(CHUNK).unwrap();
            at_backend.wait();
            assert_eq!(stream.read(&mut [0]).is_err(), abrupt, "{abrupt}");
        });
        let spec = AjpSpec {
            recovery_options: RecoveryOptions { explicit },
            ..spec()
        };
        let client = Client {
            leaves: Some(meeting),
            ..Client::default()
        };
        let backend = Backend::start(vec![serve]);
        let run = run_all(backend, spec, b"GET", BodyLength::None, vec![client]).remove(0);
        assert_eq!((run.status(), run.idle), (200, 0), "F-15");
        assert!(run.result.is_err());
    }
}
