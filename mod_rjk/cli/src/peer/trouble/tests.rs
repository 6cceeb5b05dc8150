//! Each failure has a word that scripts know, and that the document knows.

use super::meaning::part_of_a_packet;
use super::*;
use rjk_ajp::ProtocolError;
use rjk_proxy::job::failure::{Cause, Failure, Phase, ProbeEndsConnection};
use rjk_proxy::way::connector::ConnectError;

const LIMIT: Duration = Duration::from_secs(2);
const DOCUMENT: &str = include_str!("../../../../../docs/rjk-json.md");

fn error(kind: ErrorKind) -> io::Error {
    kind.into()
}

fn trouble(scheme: Scheme, phase: Phase, cause: Cause, unread: &[u8]) -> Trouble {
    let asked = Asked {
        scheme,
        limit: LIMIT,
        unread,
    };
    Trouble::of(Failure::last(phase, cause), asked)
}

/// What scripts read of it, and that the document knows it.
fn word_of(scheme: Scheme, phase: Phase, cause: Cause, unread: &[u8]) -> &'static str {
    let trouble = trouble(scheme, phase, cause, unread);
    let word = trouble.word();
    assert!(DOCUMENT.contains(&format!("`{word}`")), "{word}");
    assert!(!trouble.remedy().is_empty(), "{word}");
    word
}

fn word(phase: Phase, cause: Cause, unread: &[u8]) -> &'static str {
    word_of(Scheme::Ajp, phase, cause, unread)
}

#[test]
fn connecting() {
    for (kind, expected) in [
        (ErrorKind::ConnectionRefused, "refused"),
        (ErrorKind::TimedOut, "filtered"),
        (ErrorKind::HostUnreachable, "unreachable"),
        (ErrorKind::NetworkUnreachable, "unreachable"),
        (ErrorKind::PermissionDenied, "forbidden"),
        (ErrorKind::InvalidInput, "not_opened"),
    ] {
        assert_eq!(
            word(Phase::Connect, Cause::Connect(error(kind).into()), b""),
            expected
        );
    }
    let descriptors = Cause::Connect(io::Error::from_raw_os_error(24).into());
    assert_eq!(word(Phase::Connect, descriptors, b""), "exhausted");
}

#[test]
fn probing() {
    for (kind, unread, expected) in [
        (ErrorKind::TimedOut, &b""[..], "silent"),
        (ErrorKind::UnexpectedEof, b"", "closed_at_once"),
        (ErrorKind::ConnectionReset, b"", "closed_at_once"),
        (ErrorKind::BrokenPipe, b"", "closed_at_once"),
        (ErrorKind::InvalidData, b"AB\0\x02\x05\x01", "no_cpong"),
        (ErrorKind::InvalidData, b"HTTP/1.1 400 \r\n", "http"),
        (ErrorKind::InvalidData, b"\x15\x03\x03\0\x02\x02\x50", "tls"),
        (ErrorKind::TimedOut, b"SSH", "not_ajp"),
        (ErrorKind::TimedOut, b"A", "no_cpong"),
        (ErrorKind::TimedOut, b"AB\0\x01", "no_cpong"),
        (ErrorKind::UnexpectedEof, b"AB\0", "no_cpong"),
        (ErrorKind::TimedOut, b"AB\xff\xffxxxxxx", "no_cpong"),
        (ErrorKind::ConnectionReset, b"SSH-2.0-x\r\n", "ssh"),
    ] {
        let cause = Cause::Ping(error(kind));
        assert_eq!(word(Phase::Ping, cause, unread), expected, "{unread:?}");
    }
}

#[test]
fn a_part_of_a_packet_is_shown() {
    for (unread, expected) in [
        (&b""[..], None),
        (b"AB\0\x01\x07", None),
        (b"AB\0", Some("a packet that is not whole: 41 42 00")),
        (b"AB\0\x01", Some("a packet that is not whole: 41 42 00 01")),
        (
            b"AB\xff\xffxxxxxx",
            Some("a packet of 65535 bytes, and a CPONG has 1: 41 42 ff ff 78 78 78 78 …"),
        ),
    ] {
        assert_eq!(part_of_a_packet(unread).as_deref(), expected);
    }
}

#[test]
fn asking() {
    let truncated = ProtocolError::TruncatedPacket { have: 2, needed: 9 };
    let oversized = ProtocolError::Oversized {
        len: 9000,
        limit: 8192,
    };
    let (await_head, receive) = (Phase::AwaitHead, Phase::Receive);
    let reset = || error(ErrorKind::ConnectionReset);
    let broken = |limit| Cause::BrokenReply {
        error: reset(),
        limit,
    };
    for (phase, cause, expected) in [
        (Phase::Send, Cause::Send(reset()), "closed_unanswered"),
        (
            Phase::Send,
            Cause::Send(error(ErrorKind::TimedOut)),
            "not_taken",
        ),
        (await_head, Cause::Closed, "closed_unanswered"),
        (await_head, broken(LIMIT), "closed_unanswered"),
        (await_head, Cause::ReplyTimeout(LIMIT), "slow"),
        (await_head, Cause::Protocol(truncated.into()), "garbage"),
        (
            await_head,
            Cause::Protocol(ProtocolError::EmptyPacket.into()),
            "garbage",
        ),
        (receive, Cause::Closed, "broke_off"),
        (receive, broken(LIMIT), "broke_off"),
        (receive, Cause::Protocol(truncated.into()), "broke_off"),
        (
            receive,
            Cause::Protocol(oversized.into()),
            "packet_too_large",
        ),
        (receive, Cause::SocketTimeout(LIMIT), "stalled"),
        (
            receive,
            Cause::WrongLength {
                announced: 2,
                arrived: 1,
            },
            "wrong_length",
        ),
    ] {
        let text = format!("{phase:?} {cause:?}");
        assert_eq!(word(phase, cause, b""), expected, "{text}");
    }
}

#[test]
fn a_packet_that_no_size_holds_has_another_remedy() {
    let remedy = |size| {
        let cause = Cause::TooLarge(RequestTooLarge { size, limit: 8192 });
        trouble(Scheme::Ajp, Phase::Send, cause, b"").remedy()
    };
    assert!(remedy(9000).contains("packetSize"));
    assert!(!remedy(90_000).contains("packetSize"));
}

#[test]
fn connecting_to_a_socket() {
    for (kind, expected) in [
        (ErrorKind::NotFound, "no_socket"),
        (ErrorKind::ConnectionRefused, "refused"),
        (ErrorKind::PermissionDenied, "forbidden"),
        (ErrorKind::TimedOut, "filtered"),
        (ErrorKind::InvalidInput, "not_opened"),
    ] {
        let cause = Cause::Connect(ConnectError::Unix {
            socket: "/s".into(),
            error: error(kind),
            seen: "it is no socket".into(),
        });
        assert_eq!(word_of(Scheme::Http, Phase::Connect, cause, b""), expected);
    }
}

#[test]
fn probing_over_http() {
    let garbage = || Box::new(rjk_http1::ProtocolError::CodingAndLength);
    let io = |kind, inner: Box<dyn std::error::Error + Send + Sync>| io::Error::new(kind, inner);
    for (error, unread, expected) in [
        (error(ErrorKind::TimedOut), &b""[..], "silent"),
        (error(ErrorKind::UnexpectedEof), b"", "closed_at_once"),
        (error(ErrorKind::UnexpectedEof), b"HTTP/1.1 2", "broke_off"),
        (error(ErrorKind::ConnectionReset), b"", "closed_at_once"),
        (
            io(ErrorKind::InvalidData, garbage()),
            b"HTTP/1.1 200 OK\r\n",
            "garbage",
        ),
        (
            io(ErrorKind::InvalidData, garbage()),
            b"AB\0\x01\x09",
            "ajp",
        ),
        (
            io(ErrorKind::InvalidData, garbage()),
            b"\x15\x03\x03\0\x02\x02\x50",
            "tls",
        ),
        (
            io(ErrorKind::InvalidData, garbage()),
            b"220 mail\r\n",
            "not_http",
        ),
        (
            io(ErrorKind::ConnectionAborted, Box::new(ProbeEndsConnection)),
            b"",
            "ends_connection",
        ),
        // Tomcat's answer on a port of TLS has a body, also to HEAD.
        (
            io(ErrorKind::ConnectionAborted, Box::new(ProbeEndsConnection)),
            b"Bad Request\r\n",
            "ends_connection",
        ),
    ] {
        let text = format!("{error:?} {unread:?}");
        let word = word_of(Scheme::Http, Phase::Ping, Cause::Ping(error), unread);
        assert_eq!(word, expected, "{text}");
    }
}

#[test]
fn asking_over_http() {
    use rjk_http1::ProtocolError::{CodingAndLength, EndInBody, EndInHead};
    let (await_head, receive) = (Phase::AwaitHead, Phase::Receive);
    for (phase, cause, unread, expected) in [
        (await_head, Cause::Closed, &b""[..], "closed_unanswered"),
        (await_head, Cause::ReplyTimeout(LIMIT), b"", "slow"),
        (receive, Cause::SocketTimeout(LIMIT), b"", "stalled"),
        (
            await_head,
            Cause::Protocol(CodingAndLength.into()),
            b"HTTP/1.1",
            "garbage",
        ),
        (
            await_head,
            Cause::Protocol(CodingAndLength.into()),
            b"AB\0\x01",
            "ajp",
        ),
        (
            await_head,
            Cause::Protocol(EndInHead { have: 3 }.into()),
            b"HTT",
            "broke_off",
        ),
        (
            receive,
            Cause::Protocol(EndInBody { have: 1, length: 2 }.into()),
            b"",
            "broke_off",
        ),
        (
            Phase::Send,
            Cause::Unwritable(rjk_http1::request::RequestError::Connect),
            b"",
            "request_unwritable",
        ),
    ] {
        let text = format!("{phase:?} {cause:?}");
        assert_eq!(
            word_of(Scheme::Http, phase, cause, unread),
            expected,
            "{text}"
        );
    }
}

/// What is said of TLS that did not come about, and what can be done about it.
fn assert_tls(error: TlsError, expected: &str, remedy: &str) {
    let said = tls::remedy(&error);
    assert!(said.contains(remedy), "{error}: {said}");
    let cause = Cause::Connect(error.into());
    assert_eq!(word_of(Scheme::Https, Phase::Connect, cause, b""), expected);
}

#[test]
fn certificates_that_are_not_taken() {
    let subject = || "CN=a".to_owned();
    let unknown = TlsError::UnknownCa {
        subject: subject(),
        issuer: subject(),
    };
    let name = TlsError::WrongName {
        wanted: subject(),
        names: Vec::new(),
    };
    let old = TlsError::Expired {
        subject: subject(),
        since: subject(),
    };
    let young = TlsError::NotYetValid {
        subject: subject(),
        from: subject(),
    };
    let other = TlsError::Unverified {
        subject: subject(),
        reason: subject(),
    };
    let alone = TlsError::SelfSigned { subject: subject() };
    for (error, word, remedy) in [
        (unknown, "tls_unknown_ca", "--ca"),
        (alone, "tls_self_signed", "--ca"),
        (name, "tls_wrong_name", "--server-name"),
        (old, "tls_expired", "renew"),
        (young, "tls_not_yet_valid", "clocks"),
        (other, "tls_unverified", "crypto policy"),
    ] {
        assert_tls(error, word, remedy);
    }
}

#[test]
fn tls_that_does_not_come_about() {
    let refused = TlsError::CertificateRefused { alert: "x" };
    let not_tls = TlsError::NotTls { began: vec![1] };
    let name = || "a".to_owned();
    let reset = TlsError::Io(error(ErrorKind::ConnectionReset));
    for (error, word, remedy) in [
        (
            TlsError::CertificateWanted,
            "tls_certificate_wanted",
            "--cert",
        ),
        (refused, "tls_certificate_refused", "--cert"),
        (TlsError::PlainHttp, "http", "http://"),
        (TlsError::PlainAjp, "ajp", "ajp://"),
        (not_tls, "not_tls", "another service"),
        (
            TlsError::NoCommonVersion,
            "tls_no_common_version",
            "sslEnabledProtocols",
        ),
        (TlsError::NoCommonCipher, "tls_no_common_cipher", "ciphers"),
        (
            TlsError::UnknownHost { name: name() },
            "tls_unknown_host",
            "--server-name",
        ),
        (TlsError::Alert("x"), "tls_alert", "log"),
        (TlsError::Other(name()), "tls_other", "log"),
        (TlsError::TimedOut, "tls_silent", "HTTPS connector"),
        (TlsError::Closed, "tls_closed", "HTTPS connector"),
        (reset, "tls_closed", "HTTPS connector"),
        (TlsError::Truncated, "tls_cut_off", "log"),
    ] {
        assert_tls(error, word, remedy);
    }
}

/// TLS 1.3 refuses a client's certificate after the handshake.
#[test]
fn what_tls_says_later() {
    let wanted = || io::Error::from(TlsError::CertificateWanted);
    for (phase, cause) in [
        (Phase::Ping, Cause::Ping(wanted())),
        (Phase::Send, Cause::Send(wanted())),
        (Phase::AwaitHead, Cause::Broken(wanted())),
        (
            Phase::AwaitHead,
            Cause::BrokenReply {
                error: wanted(),
                limit: LIMIT,
            },
        ),
    ] {
        assert_eq!(
            word_of(Scheme::Https, phase, cause, b""),
            "tls_certificate_wanted"
        );
    }
    let cut = Cause::Broken(TlsError::Truncated.into());
    assert_eq!(
        word_of(Scheme::Https, Phase::Receive, cut, b""),
        "broke_off"
    );
}
