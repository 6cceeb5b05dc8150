//! A worker in clear text whose port is for TLS.

use super::rig::Rig;
use super::support::*;
use rjk_config::model::{AjpSpec, HttpSpec, Protocol, RuleExtensions, Way};
use rjk_log::{Level, Log, Origin};
use rjk_message::BodyLength;
use std::cell::RefCell;
use std::fmt;
use std::io::{Read, Write};

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
