//! A worker whose port is for another protocol.

use super::rig::Rig;
use super::support::*;
use rjk_config::model::{AjpSpec, HttpSpec, Protocol, RuleExtensions, Way};
use rjk_log::{Level, Log, Origin};
use rjk_message::BodyLength;
use std::cell::RefCell;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[derive(Default)]
struct Lines(RefCell<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, level: Level) -> bool {
        level >= Level::Info
    }

    fn write(&self, _: Level, _: Origin, message: fmt::Arguments<'_>) {
        self.0.borrow_mut().push(message.to_string());
    }
}

/// What is logged of a GET that is answered so, and what the client got.
fn logged(answer: &'static str) -> (Vec<String>, Option<u16>) {
    let backend = Backend::start(vec![Box::new(move |stream| {
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(answer.as_bytes()).unwrap();
    })]);
    let way = Way {
        protocol: Protocol::Http(Box::<HttpSpec>::default()),
        ..Way::default()
    };
    let rig = Rig::new(&backend, AjpSpec { way, ..spec() });
    let (lines, rule) = (Lines::default(), RuleExtensions::default());
    let request = request(b"GET", BodyLength::None, &rule);
    let mut client = Client::default();
    assert!(rig.call(&request, &mut client, &lines).is_ok());
    backend.done();
    (lines.0.into_inner(), client.status)
}

/// As Tomcat 9 and 10.1 write it; the client gets it as it is.
#[test]
fn a_port_for_tls_is_told_of() {
    let (lines, status) = logged(
        "HTTP/1.1 400 \r\nContent-Type: text/plain;charset=UTF-8\r\nConnection: close\r\n\r\n\
         Bad Request\r\nThis combination of host and port requires TLS.\r\n",
    );
    assert_eq!((lines.len(), status), (1, Some(400)), "{lines:?}");
    assert!(lines[0].contains("its port is for TLS"), "{lines:?}");
    assert!(
        lines[0].contains("set tls of the worker in rjk.toml"),
        "{lines:?}"
    );
    // Other answers, though they speak of it.
    for answer in [
        "HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\nno such parameter",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nThis combination of host and port requires TLS.",
        "HTTP/1.1 400 Bad\r\nContent-Length: 47\r\n\r\nThis combination of host and port requires TLS.",
    ] {
        assert_eq!(logged(answer).0, [""; 0], "{answer}");
    }
}

const REMEDY: &str = "an AJP connector does so when it is asked in HTTP: check port in rjk.toml";

/// How often the remedy stands in the lines of so many POSTs to a worker with these connections.
fn blamed(spec: AjpSpec, requests: usize, connections: Vec<Serve>) -> usize {
    let backend = Backend::start(connections);
    let rig = Rig::new(&backend, AjpSpec { retries: 1, ..spec });
    let ask = |_| {
        let run = rig.run(b"POST", BodyLength::None, Client::default());
        run.result
            .map_or_else(|failure| failure.to_string(), |_| String::new())
    };
    let lines: Vec<String> = (0..requests).map(ask).collect();
    drop(rig);
    backend.done();
    let last = lines.last().unwrap();
    assert!(last.starts_with("failed while "), "{lines:?}");
    lines.iter().filter(|line| line.contains(REMEDY)).count()
}

/// A worker whose new connections are asked for a path first, or not.
fn asked(probe: Option<&str>) -> AjpSpec {
    let probe = probe.map(Into::into);
    let http = HttpSpec {
        probe,
        ..HttpSpec::default()
    };
    let mut spec = spec();
    spec.way.protocol = Protocol::Http(Box::new(http));
    spec.ping.connect = Some(Duration::from_secs(5));
    spec
}

fn reads(stream: &mut TcpStream) {
    assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// As Tomcat's AJP connector does with what is not AJP.
#[test]
fn a_new_connection_that_ends_without_a_word_may_be_that_of_ajp() {
    let closes = || -> Serve { Box::new(reads) };
    // What it did not read makes a reset of its end.
    let resets =
        || -> Serve { Box::new(|stream| assert_eq!(stream.read(&mut [0; 4]).unwrap(), 4)) };
    for probe in [None, Some("/health")] {
        assert_eq!(blamed(asked(probe), 1, vec![closes()]), 1, "{probe:?}");
        assert_eq!(blamed(asked(probe), 1, vec![resets()]), 1, "{probe:?}");
    }
    let reply_timeout = Some(Duration::from_secs(5));
    let spec = AjpSpec {
        reply_timeout,
        ..asked(None)
    };
    assert_eq!(blamed(spec, 1, vec![resets()]), 1);
}

#[test]
fn a_worker_that_spoke_http_is_not_told_to_be_one_of_ajp() {
    let answers = |times: usize, last: &'static [u8]| -> Serve {
        Box::new(move |stream| {
            for _ in 0..times {
                head(stream);
                stream.write_all(OK).unwrap();
            }
            head(stream);
            stream.write_all(last).unwrap();
        })
    };
    // A kept one.
    assert_eq!(blamed(asked(None), 2, vec![answers(1, b"")]), 0);
    // One that answered its probe.
    assert_eq!(blamed(asked(Some("/health")), 1, vec![answers(1, b"")]), 0);
    // The beginning of an answer.
    assert_eq!(blamed(asked(None), 1, vec![answers(0, b"HTTP/1.1 2")]), 0);
    assert_eq!(
        blamed(asked(Some("/health")), 1, vec![answers(0, b"HTTP/1.1 2")]),
        0
    );
    // One that took its time.
    let late: Serve = Box::new(|stream| {
        reads(stream);
        std::thread::sleep(Duration::from_millis(1100));
    });
    assert_eq!(blamed(asked(None), 1, vec![late]), 0);
    // One of AJP.
    assert_eq!(blamed(spec(), 1, vec![Box::new(reads)]), 0);
}

/// Of a body that was under way for a while nobody waited for an answer: that it broke off is not at once.
#[test]
fn an_upload_that_breaks_off_later_does_not_blame_the_port() {
    let takes_its_time: Serve = Box::new(|stream| {
        reads(stream);
        std::thread::sleep(Duration::from_millis(1200));
    });
    let backend = Backend::start(vec![takes_its_time]);
    let spec = AjpSpec {
        retries: 1,
        ..asked(None)
    };
    let rig = Rig::new(&backend, spec);
    let length = 64 << 20;
    let client = Client {
        input: vec![b'x'; length],
        ..Client::default()
    };
    let run = rig.run(b"POST", BodyLength::Known(length as u64), client);
    let told = run.result.unwrap_err().to_string();
    assert!(told.starts_with("failed while "), "{told}");
    assert!(!told.contains(REMEDY), "{told}");
    drop(rig);
    backend.done();
}

/// The other way round.
#[test]
fn an_ajp_worker_that_answers_in_another_protocol_is_told_of() {
    let says = |bytes: &'static [u8]| {
        let backend = Backend::start(vec![Box::new(move |stream| {
            reads(stream);
            stream.write_all(bytes).unwrap();
        })]);
        let rig = Rig::new(
            &backend,
            AjpSpec {
                retries: 1,
                ..spec()
            },
        );
        let run = rig.run(b"POST", BodyLength::None, Client::default());
        backend.done();
        run.result.unwrap_err().to_string()
    };
    let http = says(b"HTTP/1.1 400 \r\nConnection: close\r\n\r\n");
    let told =
        "the worker answers in HTTP, not in AJP; set port of the worker to Tomcat's AJP connector";
    assert!(http.contains(told), "{http}");
    let tls = says(b"\x15\x03\x03\x00\x02\x02\x46");
    assert!(
        tls.contains("the worker answers in TLS, not in AJP; set port"),
        "{tls}"
    );
    let other = says(b"HELO");
    assert!(
        other.contains("starts with 48 45, not with 41 42"),
        "{other}"
    );
}
