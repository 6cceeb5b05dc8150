//! One Tomcat asked without httpd.

use super::support::*;
use crate::job::failure::{Cause, Phase, ProbeEndsConnection};
use crate::worker::direct::{Answer, Direct};
use rjk_config::model::{AjpSpec, HttpSpec, Protocol, Way};
use rjk_log::NoLog;
use rjk_message::BodyLength;
use std::io::{self, Write};
use std::time::Duration;

const CPONG: &[u8] = b"AB\x00\x01\x09";
const LIMIT: Duration = Duration::from_secs(10);

fn direct(backend: &Backend, spec: AjpSpec) -> Direct {
    Direct::new(&spec, &[([127, 0, 0, 1], backend.port).into()], None).unwrap()
}

#[test]
fn a_line_carries_probes_and_requests() {
    let backend = Backend::start(vec![Box::new(|stream| {
        for answer in [CPONG, CPONG] {
            assert_eq!(packet(stream), [10]);
            stream.write_all(answer).unwrap();
        }
        let request = packet(stream);
        assert!(request.windows(8).any(|bytes| bytes == b"\x0c\0\x04word\0"));
        stream.write_all(&[HEAD, CHUNK, END].concat()).unwrap();
    })]);
    let spec = AjpSpec {
        secret: Some("word".into()),
        ..spec()
    };
    let direct = direct(&backend, spec);
    let mut line = direct.connect().unwrap();
    assert_eq!(line.address().map(|a| a.port()), Some(backend.port));
    assert!(line.local().unwrap().unwrap().ip().is_loopback());
    assert_eq!(line.ping(LIMIT).unwrap(), None);
    assert_eq!(line.ping(LIMIT).unwrap(), None);
    let rule = Default::default();
    let (request, mut client) = (request(b"GET", BodyLength::None, &rule), Client::default());
    let answer = line.ask(&request.forward, &mut client, &NoLog).unwrap();
    let expected = Answer {
        status: 200,
        keeps: true,
    };
    assert_eq!(answer, expected);
    assert_eq!((client.body.as_slice(), client.ended), (&b"hi"[..], true));
    assert_eq!(line.take_traffic().read, (2 * CPONG.len() + 28) as u64);
    backend.done();
}

#[test]
fn what_came_instead_of_cpong_can_be_looked_at() {
    let backend = Backend::start(vec![Box::new(|stream| {
        packet(stream);
        stream.write_all(b"HTTP/1.1 400 \r\n\r\n").unwrap();
    })]);
    let direct = direct(&backend, spec());
    let mut line = direct.connect().unwrap();
    let failure = line.ping(LIMIT).unwrap_err();
    assert_eq!(failure.phase, Phase::Ping);
    assert!(
        matches!(&failure.cause, Cause::Ping(error) if error.kind() == io::ErrorKind::InvalidData)
    );
    assert!(
        line.unread().starts_with(b"HTTP/1.1"),
        "{:?}",
        line.unread()
    );
    backend.done();
}

fn http(probe: Option<&str>) -> AjpSpec {
    let http = HttpSpec {
        probe: probe.map(Into::into),
        ..HttpSpec::default()
    };
    AjpSpec {
        way: Way {
            protocol: Protocol::Http(Box::new(http)),
            ..Way::default()
        },
        ..spec()
    }
}

/// Reads the head of a request, and answers.
fn answers(answer: &'static [u8]) -> Serve {
    Box::new(move |stream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            io::Read::read_exact(stream, &mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HEAD /health?of=a HTTP/1.1\r\n"));
        stream.write_all(answer).unwrap();
    })
}

#[test]
fn a_probe_over_http_tells_the_status() {
    let backend = Backend::start(vec![
        answers(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"),
        answers(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n"),
    ]);
    let direct = direct(&backend, http(Some("/health?of=a")));
    let mut line = direct.connect().unwrap();
    assert_eq!(line.ping(LIMIT).unwrap(), Some(404));
    assert_eq!(line.tls(), None);
    drop(line);
    let failure = direct.connect().unwrap().ping(LIMIT).unwrap_err();
    let Cause::Ping(error) = &failure.cause else {
        panic!("{failure}");
    };
    let inner = error.get_ref().unwrap();
    assert!(inner.is::<ProbeEndsConnection>(), "{failure}");
    backend.done();
}

#[test]
fn without_a_path_nothing_is_asked_over_http() {
    let backend = Backend::start(vec![Box::new(|stream| {
        let mut rest = Vec::new();
        io::Read::read_to_end(stream, &mut rest).unwrap();
        assert_eq!(rest, b"");
    })]);
    let direct = direct(&backend, http(None));
    assert_eq!(direct.connect().unwrap().ping(LIMIT).unwrap(), None);
    backend.done();
}

#[test]
fn nothing_is_sent_of_a_request_that_does_not_fit() {
    let backend = Backend::start(vec![Box::new(|stream| {
        let mut rest = Vec::new();
        io::Read::read_to_end(stream, &mut rest).unwrap();
        assert_eq!(rest, b"");
    })]);
    let (direct, rule) = (direct(&backend, spec()), Default::default());
    let mut request = request(b"GET", BodyLength::None, &rule);
    let path = vec![b'x'; 9000];
    request.forward.uri = &path;
    let mut line = direct.connect().unwrap();
    let result = line.ask(&request.forward, &mut Client::default(), &NoLog);
    let failure = result.unwrap_err();
    assert!(matches!(failure.cause, Cause::TooLarge(_)), "{failure}");
    drop(line);
    backend.done();
}

/// There is no CPONG over HTTP, nor a packet.
#[test]
fn a_probe_without_an_answer_is_told_in_the_words_of_its_protocol() {
    let silent =
        || -> Serve { Box::new(|stream| drop(io::Read::read_to_end(stream, &mut vec![]))) };
    let cut = || -> Serve {
        Box::new(|stream| {
            assert!(io::Read::read(stream, &mut [0; 4096]).unwrap() > 0);
            stream.write_all(b"HTTP/1.1 2").unwrap();
        })
    };
    let limit = Duration::from_millis(100);
    for (spec, serve, expected) in [
        (
            spec(),
            silent(),
            "failed while waiting for CPONG: timed out; ",
        ),
        (
            http(Some("/health")),
            silent(),
            "failed while waiting for the answer to its probe: timed out; ",
        ),
        (
            http(Some("/health")),
            cut(),
            "failed while waiting for the answer to its probe: it closed in the middle of its answer; ",
        ),
    ] {
        let backend = Backend::start(vec![serve]);
        let direct = direct(&backend, spec);
        let mut line = direct.connect().unwrap();
        let failure = line.ping(limit).unwrap_err().to_string();
        assert!(failure.starts_with(expected), "{failure}");
        drop(line);
        backend.done();
    }
}
