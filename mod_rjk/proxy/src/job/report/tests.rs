//! The failure table (contract §4.10): each cause in each phase, whatever the client got.

use super::*;
use crate::job::downstream::BrokenBody;
use crate::way::connector::ConnectError;
use crate::way::exhaustion::Exhaustion;
use crate::way::tls::TlsError;
use rjk_ajp::{ProtocolError, RequestTooLarge};
use rjk_balance::{Missing, Refusal};
use rjk_config::model::FailStatus;
use rjk_http1::request::RequestError;
use rjk_log::{Level, Origin};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

#[derive(Default)]
struct Lines(RefCell<Vec<(Level, String)>>);

impl Log for Lines {
    fn enabled(&self, _level: Level) -> bool {
        true
    }

    fn write(&self, level: Level, _origin: Origin, message: fmt::Arguments<'_>) {
        self.0.borrow_mut().push((level, message.to_string()));
    }
}

const PHASES: [Phase; 8] = [
    Phase::Select,
    Phase::Acquire,
    Phase::Connect,
    Phase::Ping,
    Phase::Probe,
    Phase::Send,
    Phase::AwaitHead,
    Phase::Receive,
];

fn io() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

fn of_a_socket(kind: io::ErrorKind) -> ConnectError {
    ConnectError::Unix {
        socket: "/run/tomcat/a.sock".into(),
        error: kind.into(),
        seen: "it is of user 0".to_owned(),
    }
}

/// The causes, with the status for the client.
#[rustfmt::skip]
fn causes() -> Vec<(&'static str, Cause, u16)> {
    let limit = Duration::from_secs(1);
    let soft = |soft| FailStatus { status: 500, soft };
    vec![
        ("F-03", Cause::NoPlace(limit), 503),
        ("F-03", Cause::NoPlaceForPart, 503),
        ("A-01", Cause::NoAddress, 503),
        ("A-01", Cause::NoTls, 503),
        ("F-13", Cause::NoMember(Missing::Unusable), 503),
        ("F-13", Cause::NoMember(Missing::StickyForce), 503),
        ("F-05", Cause::BusyLimit { limit: 1 }, 503),
        ("F-04", Cause::TooLarge(RequestTooLarge { size: 9000, limit: 8192 }), 413),
        ("F-06", Cause::Connect(io().into()), 503),
        ("F-06", Cause::Ping(io()), 503),
        ("F-06", Cause::Send(io()), 503),
        ("F-07", Cause::Closed, 502),
        ("F-07", Cause::Broken(io()), 502),
        ("F-11", Cause::ReplyTimeout(limit), 504),
        ("F-11b", Cause::BrokenReply { error: io(), limit }, 504),
        ("BG-08", Cause::WrongLength { announced: 2, arrived: 4 }, 502),
        ("F-08", Cause::Protocol(ProtocolError::BadMagic { found: [0x12, 0x34] }.into()), 502),
        ("F-10", Cause::Protocol(ProtocolError::HeadersAfterBody.into()), 502),
        ("ways", Cause::Protocol(rjk_http1::ProtocolError::AfterEnd.into()), 502),
        ("ways", Cause::Unwritable(RequestError::Connect), 400),
        ("ways", Cause::NoTunnel("why"), 501),
        ("ways", Cause::TunnelLimit(64), 503),
        ("ways", Cause::MemberWithoutWebSocket("m".into()), 501),
        ("ways", Cause::NoMemberWithWebSocket(Missing::Unusable), 503),
        ("ways", Cause::Connect(of_a_socket(io::ErrorKind::PermissionDenied)), 503),
        ("ways", Cause::Connect(of_a_socket(io::ErrorKind::NotFound)), 503),
        ("F-12", Cause::FailOnStatus(soft(false)), 503),
        ("F-12", Cause::FailOnStatus(soft(true)), 503),
        ("F-14", Cause::ClientRead(BrokenBody::SHORT), 400),
        ("A-05", Cause::SocketTimeout(limit), 502),
        ("F-07", Cause::KeptWaiting(limit), 502),
        ("F-07", Cause::Kept(Box::new(Cause::Closed)), 502),
    ]
}

/// A number for each cause: a new one does not compile until it has a row.
fn number(cause: &Cause) -> usize {
    match cause {
        Cause::NoPlace(_) => 0,
        Cause::NoAddress => 1,
        Cause::NoMember(_) => 2,
        Cause::BusyLimit { .. } => 3,
        Cause::TooLarge(_) => 4,
        Cause::Connect(_) => 5,
        Cause::Ping(_) => 6,
        Cause::Send(_) => 7,
        Cause::Closed => 8,
        Cause::Broken(_) => 9,
        Cause::ReplyTimeout(_) => 10,
        Cause::BrokenReply { .. } => 11,
        Cause::WrongLength { .. } => 12,
        Cause::Protocol(_) => 13,
        Cause::FailOnStatus(_) => 14,
        Cause::ClientRead(_) => 15,
        Cause::SocketTimeout(_) => 16,
        Cause::KeptWaiting(_) => 17,
        Cause::NoPlaceForPart => 18,
        Cause::Unwritable(_) => 19,
        Cause::NoTunnel(_) => 20,
        Cause::TunnelLimit(_) => 21,
        Cause::NoTls => 22,
        Cause::MemberWithoutWebSocket(_) => 23,
        Cause::NoMemberWithWebSocket(_) => 24,
        Cause::Kept(_) => 25,
        // Its client is gone whatever the phase: see the second test.
        Cause::ClientWrite => 18,
    }
}

/// The only line of a request that ended so.
fn line(result: Result<Served, Failure>, told: Told) -> (Level, String) {
    let lines = Lines::default();
    Report::ended(result).log("lb".into(), told, &lines);
    let mut lines = lines.0.into_inner();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

#[test]
fn each_cause_in_each_phase_is_one_error_line_with_the_status() {
    let numbers: BTreeSet<usize> = causes().iter().map(|(_, cause, _)| number(cause)).collect();
    assert_eq!(numbers, (0..26).collect());
    for phase in PHASES {
        for (row, cause, status) in causes() {
            let start = format!("worker lb failed while {phase}: {cause}; ");
            let failure = Failure::last(phase, cause);
            assert_eq!(failure.status(), status, "{row}");
            let (level, text) = line(Err(failure), Told::Status(status));
            assert_eq!(level, Level::Error, "{row}: {text}");
            let rest = text.strip_prefix(&start);
            let remedy =
                rest.and_then(|rest| rest.strip_suffix(&format!("; the client got {status}")));
            let says = remedy.is_some_and(|remedy| !remedy.is_empty());
            assert!(says && !text.contains(NOTHING), "{row}: {text}");
        }
    }
}

#[test]
fn f15_what_broke_off_is_an_error_and_a_client_that_left_is_none() {
    for phase in PHASES {
        for (row, cause, _) in causes() {
            let (level, text) = line(Err(Failure::last(phase, cause)), Told::BrokenOff);
            assert_eq!(level, Level::Error, "{row}: {text}");
            assert!(
                text.ends_with("; the response to the client broke off"),
                "{row}: {text}"
            );
        }
        for cause in [Cause::ClientRead(BrokenBody::SHORT), Cause::ClientWrite] {
            let expected =
                format!("worker lb failed while {phase}: {cause}; nothing to do on this side");
            let seen = line(Err(Failure::last(phase, cause)), Told::Nothing);
            assert_eq!(seen, (Level::Info, expected));
        }
    }
}

#[test]
fn f14_a_refused_body_names_what_refuses_it() {
    let remedies: BTreeSet<&str> = [400, 408, 413]
        .map(super::super::failure::refused_body)
        .into();
    assert_eq!(remedies.len(), 3);
    assert!(!remedies.contains(NOTHING));
}

#[test]
fn a_refusing_policy_has_a_line_and_an_answer_has_none() {
    let refusal = Refusal {
        status: 429,
        retry_after: None,
    };
    let (level, text) = line(Ok(Served::Refused(refusal)), Told::Status(429));
    assert_eq!(level, Level::Error);
    assert!(text.ends_with("; the client got 429"), "{text}");
    let lines = Lines::default();
    let report = Report {
        decided_by: Some(DecidedBy::Policy("quota")),
        label: Label::new("acme is full"),
        ..Report::ended(Ok(Served::Refused(refusal)))
    };
    report.log("w".into(), Told::Status(429), &lines);
    let expected = "worker w refused the request: policy quota (acme is full); the client got 429";
    assert_eq!(lines.0.into_inner()[0].1, expected);
    let lines = Lines::default();
    for served in [
        Served::Response { status: 500 },
        Served::ServerPage {
            status: 500,
            authenticate: None,
        },
    ] {
        Report::ended(Ok(served)).log("w".into(), Told::Status(500), &lines);
    }
    assert!(lines.0.into_inner().is_empty());
}

fn every_error_of_tls() -> Vec<TlsError> {
    let some = || "some".to_owned();
    vec![
        TlsError::Io(io()),
        TlsError::TimedOut,
        TlsError::Closed,
        TlsError::Truncated,
        TlsError::UnknownCa {
            subject: some(),
            issuer: some(),
        },
        TlsError::SelfSigned { subject: some() },
        TlsError::WrongName {
            wanted: some(),
            names: Vec::new(),
        },
        TlsError::Expired {
            subject: some(),
            since: some(),
        },
        TlsError::NotYetValid {
            subject: some(),
            from: some(),
        },
        TlsError::Unverified {
            subject: some(),
            reason: some(),
        },
        TlsError::CertificateWanted,
        TlsError::CertificateRefused {
            alert: "unknown_ca",
        },
        TlsError::PlainHttp,
        TlsError::PlainAjp,
        TlsError::NotTls { began: Vec::new() },
        TlsError::NoCommonVersion,
        TlsError::NoCommonCipher,
        TlsError::UnknownHost { name: some() },
        TlsError::Alert("internal_error"),
        TlsError::Other(some()),
    ]
}

#[test]
fn docs_troubleshooting_knows_each_remedy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/troubleshooting.md");
    let document = std::fs::read_to_string(path).unwrap();
    let foreign = ProtocolError::BadMagic { found: *b"HT" };
    let like_ajp = Failure {
        like_ajp: true,
        ..Failure::unsent(Phase::AwaitHead, Cause::Closed)
    };
    let remedies = causes()
        .into_iter()
        .map(|(_, cause, _)| Failure::unsent(Phase::Send, cause))
        .chain([
            like_ajp,
            Failure::last(Phase::AwaitHead, Cause::Protocol(foreign.into())),
        ])
        .map(|failure| failure.remedy())
        .chain([408, 413, 400].map(crate::job::failure::refused_body))
        .chain(
            [
                Exhaustion::Descriptors,
                Exhaustion::Files,
                Exhaustion::Ports,
                Exhaustion::Memory,
            ]
            .map(Exhaustion::remedy),
        );
    let of_tls = every_error_of_tls();
    let of_tls = of_tls.iter().map(TlsError::remedy);
    for remedy in remedies.chain(of_tls) {
        assert!(document.contains(remedy), "no entry for: {remedy}");
    }
}
