//! Each way in which a peer can fail has a word and a remedy.

use super::{get, local, probe, run, url};
use crate::said::Said;
use rjk_testbed::peer::{Behaviour, Head, Script, Step};
use rjk_testbed::tls::{Certificate, tls};
use rjk_testbed::{Httpd, Peer, Result, Subject, ports, wait};
use serde_json::Value;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// What is said of one failure: a part of its words, and a part of its remedy.
type Words = [&'static str; 2];

const REFUSED: Words = [
    "the connection was refused",
    "see that Tomcat runs, and port and address",
];
const FILTERED: Words = ["no answer to the attempt to connect within 1s", "firewall"];
const HTTP: Words = [
    "it speaks HTTP, not AJP (HTTP/1.1 400",
    "that is an HTTP port",
];
const TLS: Words = ["it speaks TLS, not AJP", "that is a TLS port"];
const SSH: Words = [
    "it speaks SSH, not AJP (SSH-2.0-OpenSSH_9.2)",
    "another service listens there",
];
const SILENT: Words = [
    "no CPONG within 1s",
    "Tomcat is paused, hangs or collects garbage",
];
const CLOSED: Words = ["closes it at once", "Tomcat is paused or stopping"];
const RESET: Words = ["resets it at once", "filters by address"];
const NO_CPONG: Words = [
    "it answers CPING with something else",
    "Tomcat's AJP connector",
];

fn ssh() -> Script {
    let banner = b"SSH-2.0-OpenSSH_9.2\r\n".to_vec();
    Script::default().on_accept([Step::Send(banner), Step::Stall])
}

/// A probe is lost, and a request fails, with the same words.
fn fails_alike(port: u16, [what, remedy]: Words) -> Result {
    let said = probe(port)?;
    assert_eq!(said.code, Some(1), "{said:?}");
    let lost = said.out.lines().find(|line| line.contains("lost: "));
    let lost = lost.unwrap_or_default();
    assert!(lost.contains(what) && lost.contains(remedy), "{said:?}");
    assert!(
        said.out.contains("1 probe, 0 answered, 100% lost"),
        "{said:?}"
    );
    failed(&get(port, "/x")?, what, remedy);
    Ok(())
}

fn failed(said: &Said, what: &str, remedy: &str) {
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.err.starts_with("rjk: 127.0.0.1:"), "{said:?}");
    assert!(
        said.err.contains(what) && said.err.contains(remedy),
        "{said:?}"
    );
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
}

#[test]
fn nobody_listens() -> Result {
    let nobody = ports::refusing()?;
    fails_alike(nobody.port, REFUSED)
}

/// A full queue of the listener: the system drops what else comes, as a firewall does.
#[test]
fn packets_are_dropped() -> Result {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(0)?;
    let address = socket
        .local_addr()?
        .as_socket()
        .unwrap_or(([0; 4], 0).into());
    ports::claim(address.port());
    let mut queue = Vec::new();
    let full = || match TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        Ok(stream) => {
            queue.push(stream);
            false
        }
        Err(error) => error.kind() == ErrorKind::TimedOut,
    };
    wait::until("the queue is full", wait::SOON, full)?;
    fails_alike(address.port(), FILTERED)
}

#[test]
fn the_host_has_no_name() -> Result {
    for verb in ["ping", "get"] {
        let said = run(&[verb, "no-such-host.invalid:8009"])?;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
        let start = "rjk: host \"no-such-host.invalid\" has no address: ";
        assert!(said.err.starts_with(start), "{said:?}");
        assert!(
            said.err.contains("; see how the name is written"),
            "{said:?}"
        );
        let said = run(&[verb, "--json", "no-such-host.invalid:8009"])?;
        let record: Value = serde_json::from_str(&said.out)?;
        assert_eq!(record["problem"]["kind"], "unknown_host", "{said:?}");
        assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    }
    Ok(())
}

#[test]
fn a_port_that_speaks_http_or_tls() -> Result {
    let httpd = Httpd::builder(Subject::ModJk).start()?;
    let [what, remedy] = HTTP;
    // httpd answers a line that is no request as HTTP/0.9 would: without a head.
    let said = probe(httpd.port())?;
    assert!(
        said.out.contains("it speaks HTTP, not AJP (") && said.out.contains(remedy),
        "{said:?}"
    );
    failed(
        &get(httpd.port(), "/x")?,
        "it speaks HTTP, not AJP (",
        remedy,
    );
    let certificate = Certificate::self_signed("rjk.test")?;
    let httpd = tls(Httpd::builder(Subject::ModJk), &certificate, "").start()?;
    let said = probe(httpd.port())?;
    let tls = said.out.contains(TLS[0]) && said.out.contains(TLS[1]);
    assert!(tls, "{said:?}");
    let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec();
    let peer = Peer::start(Script::default().on_ping([Step::Send(answer), Step::Close]))?;
    fails_alike(peer.port(), [what, remedy])
}

#[test]
fn a_port_of_another_service() -> Result {
    fails_alike(Peer::start(ssh())?.port(), SSH)?;
    for (bytes, what) in [
        (
            &b"220 mail.example.org ESMTP\r\n"[..],
            "it said \"220 mail.example.org ESMTP\"",
        ),
        (
            b"J\0\0\0\x0a5.5.5",
            "its answer begins with 4a 00 00 00 0a 35 2e 35",
        ),
        (
            &[0x12, 0x34, 0, 1, 0x0A],
            "its answer begins with 12 34 00 01 0a",
        ),
    ] {
        let peer = Peer::start(Script::default().on_ping([Step::Send(bytes.to_vec())]))?;
        fails_alike(peer.port(), [what, "another service listens there"])?;
    }
    Ok(())
}

#[test]
fn it_takes_the_connection_and_no_more() -> Result {
    let reset = Script::default().on_accept([Step::Reset]);
    let half = Script::default().on_ping([Step::Send(b"AB\0".to_vec()), Step::Close]);
    for (script, words) in [
        (Script::from(Behaviour::NoCpong), SILENT),
        (Behaviour::NeverReads.into(), SILENT),
        (Behaviour::ClosesAtAccept.into(), CLOSED),
        (Script::default().on_ping([Step::Close]), CLOSED),
        (reset, RESET),
        (Behaviour::WrongCpong.into(), NO_CPONG),
        (half, NO_CPONG),
    ] {
        let text = format!("{script:?}");
        let peer = Peer::start(script)?;
        if words == CLOSED || words == RESET {
            // Which of the two it is depends on what arrives first.
            let said = probe(peer.port())?;
            let closed = said.out.contains(CLOSED[0]) || said.out.contains(RESET[0]);
            assert!(closed && said.out.contains(CLOSED[1]), "{text}: {said:?}");
            let said = get(peer.port(), "/x")?;
            let closed = said.err.contains(CLOSED[0]) || said.err.contains(RESET[0]);
            assert!(closed && said.code == Some(1), "{text}: {said:?}");
            continue;
        }
        fails_alike(peer.port(), words)?;
    }
    Ok(())
}

#[test]
fn it_fails_at_the_request() -> Result {
    let no_answer = [
        "it answers CPING, and closes the connection without",
        "see Tomcat's log",
    ];
    let reset = [
        "it answers CPING, and resets the connection",
        "see Tomcat's log",
    ];
    let slow = [
        "it answers CPING, and not the request within 1s",
        "raise --timeout",
    ];
    let garbage = ["its answer is not AJP", "Tomcat's AJP connector"];
    for (behaviour, [what, remedy]) in [
        (Behaviour::ClosesBeforeAnswer, no_answer),
        (Behaviour::Resets, reset),
        (Behaviour::Stalls, slow),
        (
            Behaviour::SpeaksHttp,
            ["it speaks HTTP, not AJP (HTTP/1.1 200 OK)", "HTTP port"],
        ),
        (
            Behaviour::WrongMagic,
            ["its answer begins with 12 34", "another service"],
        ),
        (
            Behaviour::Oversized,
            [
                "a packet of 65535 bytes, and the limit is 8192",
                "--packet-size",
            ],
        ),
        (Behaviour::EmptyPacket, garbage),
        (Behaviour::UnknownPacket, garbage),
        (Behaviour::HalfHeader, garbage),
        (Behaviour::StringBeyondPacket, garbage),
        (Behaviour::HugeHeaderCount, garbage),
        (Behaviour::EndWithoutHeaders, garbage),
        (Behaviour::BodyBeforeHeaders, garbage),
        (Behaviour::StatusZero, garbage),
        (Behaviour::StrayCpong, garbage),
        (Behaviour::SplitsHeader, garbage),
    ] {
        let peer = Peer::start(behaviour)?;
        failed(&get(peer.port(), "/x")?, what, remedy);
        assert_eq!(peer.requests().len(), 1, "{behaviour:?} was asked again");
    }
    Ok(())
}

/// Whatever a peer does, a verb ends in time, with an exit code that means it and a remedy.
#[test]
fn every_misbehaviour_has_an_end_and_a_word() -> Result {
    let lanes = Behaviour::ALL.chunks(Behaviour::ALL.len().div_ceil(8));
    std::thread::scope(|scope| {
        let lanes = lanes.map(|lane| scope.spawn(|| lane.iter().try_for_each(|kind| ends(*kind))));
        let lanes: Vec<_> = lanes.collect();
        lanes.into_iter().try_for_each(|lane| match lane.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

fn ends(behaviour: Behaviour) -> Result {
    let peer = Peer::start(behaviour)?;
    let wait = ["--timeout", "1s", "--connect-timeout", "1s"];
    let to = url(peer.port(), "/x");
    for body in [&[][..], &["-d", "some=data"]] {
        let said = run(&[&["get"][..], &wait, body, &[&to]].concat())?;
        let well = match said.code {
            Some(0) => said.err.is_empty(),
            Some(1) => said.err.starts_with("rjk: 127.0.0.1:") && said.err.contains("; "),
            _ => false,
        };
        assert!(
            well && said.err.lines().count() <= 1,
            "{behaviour:?} {said:?}"
        );
    }
    let said = probe(peer.port())?;
    let lost = said.out.contains("lost: ");
    assert_eq!(said.code, Some(i32::from(lost)), "{behaviour:?} {said:?}");
    assert_eq!(said.err, "", "{behaviour:?}");
    Ok(())
}

/// What came before goes out, and the exit code says that it is not all.
#[test]
fn it_breaks_off_in_the_middle() -> Result {
    let broke = [
        "the response broke off in the middle",
        "see the logs of Tomcat",
    ];
    for (behaviour, [what, remedy]) in [
        (Behaviour::ResetsMidBody, broke),
        (Behaviour::ClosesMidBody, broke),
        (Behaviour::NoEnd, broke),
        (
            Behaviour::StallsMidBody,
            ["the response stopped in the middle", "raise --timeout"],
        ),
    ] {
        let peer = Peer::start(behaviour)?;
        let said = get(peer.port(), "/x")?;
        assert_eq!(
            (said.code, said.out.as_str()),
            (Some(1), "body"),
            "{behaviour:?} {said:?}"
        );
        assert!(
            said.err.contains(what) && said.err.contains(remedy),
            "{behaviour:?} {said:?}"
        );
    }
    let head = Head::ok().header("Content-Length", "9");
    let steps = [
        Step::Head(head),
        Step::text("body"),
        Step::Flush,
        Step::End(true),
    ];
    let peer = Peer::start(steps)?;
    let said = get(peer.port(), "/x")?;
    assert_eq!((said.code, said.out.as_str()), (Some(1), "body"));
    assert!(
        said.err.contains("announced 9 bytes, 4 arrived"),
        "{said:?}"
    );
    Ok(())
}

#[test]
fn a_request_that_fits_into_no_packet_is_not_sent() -> Result {
    let peer = Peer::start(Behaviour::Echo)?;
    let long = |length| format!("X-Long: {}", "x".repeat(length));
    let to = url(peer.port(), "/x");
    let said = run(&["get", "-H", &long(9000), &to])?;
    assert_eq!(said.code, Some(2), "{said:?}");
    for part in [
        "bytes and the limit is 8192",
        "raise --packet-size and packetSize of Tomcat's",
    ] {
        assert!(said.err.contains(part), "{said:?}");
    }
    let said = run(&["get", "-H", &long(70_000), "--packet-size", "65536", &to])?;
    assert!(said.err.contains("no packet can hold it"), "{said:?}");
    assert_eq!((said.code, peer.requests().len()), (Some(2), 0));
    let said = run(&["get", "-H", &long(9000), "--packet-size", "16384", &to])?;
    assert_eq!((said.code, peer.requests().len()), (Some(0), 1), "{said:?}");
    Ok(())
}

#[test]
fn what_cannot_run() -> Result {
    for (arguments, part) in [
        (&["get", "ftp://127.0.0.1/"][..], "do not speak ftp://"),
        (&["get", "ajp://127.0.0.1:http/"], "is no port"),
        (&["get", "-H", "X", "127.0.0.1:1"], "-H takes"),
        (&["get", "--attribute", "X", "127.0.0.1:1"], "NAME=VALUE"),
        (
            &["get", "-d", "@/nonexistent/body", "127.0.0.1:1"],
            "/nonexistent/body: ",
        ),
        (
            &["get", "--secret-file", "/nonexistent/s", "127.0.0.1:1"],
            "/nonexistent/s: ",
        ),
        (&["get", "-X", "A B", "127.0.0.1:1"], "is no method"),
        (&["ping", "127.0.0.1:1/x"], "a probe of AJP has no path"),
        (&["ping", "::1"], "stands in brackets"),
        (
            &["ping", "-c", "0", "127.0.0.1:1"],
            "0 is not in 1..=1000000",
        ),
    ] {
        let said = run(arguments)?;
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
        assert!(said.err.contains(part), "{said:?}");
    }
    Ok(())
}

#[test]
fn a_failure_as_json() -> Result {
    let peer = Peer::start(Behaviour::ClosesMidBody)?;
    let said = run(&["--json", "get", &url(peer.port(), "/x")])?;
    let json = said.json()?;
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{said:?}");
    assert_eq!(
        (&json["status"], &json["body_bytes"]),
        (&200.into(), &4.into())
    );
    assert_eq!(json["problem"]["kind"], "broke_off");
    assert!(json["problem"]["remedy"].is_string() && json["keeps_connection"].is_null());
    let nobody = ports::refusing()?;
    let said = run(&["--json", "get", &local(nobody.port)])?;
    let json = said.json()?;
    assert_eq!(
        (said.code, &json["problem"]["kind"]),
        (Some(1), &"refused".into())
    );
    assert!(json["status"].is_null() && json["connect_ms"].is_null());
    Ok(())
}
