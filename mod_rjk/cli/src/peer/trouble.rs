//! Why a peer gave no answer, in words, and what can be done about it.

use super::foreign::{self, Foreign};
use rjk_ajp::{ProtocolError, RequestTooLarge};
use rjk_proxy::job::failure::{Cause, Failure, Phase};
use rjk_proxy::job::wire::WireError;
use rjk_proxy::way::exhaustion::Exhaustion;
use serde::Serialize;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// Why there was no answer, or only a part of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The resolver does not know it.
    #[error("host {host:?} has no address: {error}")]
    UnknownHost {
        /// Its name.
        host: String,
        /// What the resolver says.
        error: io::Error,
    },
    /// RST in answer to SYN.
    #[error("the connection was refused")]
    Refused,
    /// Nothing in answer to SYN.
    #[error("no answer to the attempt to connect within {0:?}")]
    Filtered(Duration),
    /// A router or a firewall says no.
    #[error("there is no way to it: {0}")]
    Unreachable(io::Error),
    /// This host says no.
    #[error("this host does not allow the connection: {0}")]
    Forbidden(io::Error),
    /// This host ran out of something.
    #[error("this host is out of {}", exhausted(*.0))]
    Exhausted(Exhaustion),
    /// It could not be opened for another reason.
    #[error("the connection could not be opened: {0}")]
    NotOpened(io::Error),
    /// Another protocol.
    #[error("{0}")]
    Foreign(Foreign),
    /// It took the connection and did not answer CPING.
    #[error("it takes the connection and says nothing: no CPONG within {0:?}")]
    Silent(Duration),
    /// It took the connection and gave it up at CPING.
    #[error("it takes the connection and closes it at once, without a CPONG")]
    ClosedAtOnce,
    /// The same with a reset.
    #[error("it takes the connection and resets it at once, without a CPONG")]
    ResetAtOnce,
    /// Something else than CPONG, in packets of AJP.
    #[error("it answers CPING with something else: {0}")]
    NoCpong(String),
    /// A request that fits into no packet.
    #[error("{0}")]
    TooLarge(RequestTooLarge),
    /// It did not take the request.
    #[error("it answers CPING, and did not take the request: {0}")]
    NotTaken(io::Error),
    /// It closed before it answered.
    #[error("it answers CPING, and closes the connection without an answer to the request")]
    ClosedUnanswered,
    /// The same with a reset.
    #[error("it answers CPING, and resets the connection instead of answering the request")]
    ResetUnanswered,
    /// It did not answer in time.
    #[error("it answers CPING, and not the request within {0:?}")]
    Slow(Duration),
    /// It closed or reset in the middle.
    #[error("the response broke off in the middle: {0}")]
    BrokeOff(String),
    /// It stopped in the middle.
    #[error("the response stopped in the middle: no whole packet within {0:?}")]
    Stalled(Duration),
    /// A packet that is larger than ours may be.
    #[error("it sends a packet of {len} bytes, and the limit is {limit}")]
    PacketTooLarge {
        /// As announced.
        len: usize,
        /// As allowed.
        limit: usize,
    },
    /// A packet that is wrong.
    #[error("its answer is not AJP: {0}")]
    Garbage(WireError),
    /// A body of another length than announced.
    #[error("Content-Length of the response announced {announced} bytes, {arrived} arrived")]
    WrongLength {
        /// Content-Length.
        announced: u64,
        /// Bytes so far.
        arrived: u64,
    },
    /// All else.
    #[error("{0}")]
    Other(String),
}

/// The same as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    kind: &'static str,
    message: String,
    remedy: &'static str,
}

fn exhausted(exhaustion: Exhaustion) -> &'static str {
    match exhaustion {
        Exhaustion::Descriptors => "file descriptors for this process",
        other => other.what(),
    }
}

impl Trouble {
    /// What a failure means. `limit` is how long the phase may take, `unread` what came and was no
    /// packet.
    pub(super) fn of(failure: Failure, limit: Duration, unread: &[u8]) -> Trouble {
        if let Some(exhaustion) = failure.exhaustion() {
            return Trouble::Exhausted(exhaustion);
        }
        let head_came = failure.phase == Phase::Receive;
        match failure.cause {
            Cause::Connect(error) => not_connected(error.into_io(), limit),
            Cause::Ping(error) => no_cpong(error, limit, unread),
            Cause::TooLarge(size) => Trouble::TooLarge(size),
            Cause::Send(error) if is_reset(&error) => Trouble::ResetUnanswered,
            Cause::Send(error) => Trouble::NotTaken(error),
            Cause::Closed if head_came => Trouble::BrokeOff("the connection was closed".to_owned()),
            Cause::Closed => Trouble::ClosedUnanswered,
            Cause::Broken(error) | Cause::BrokenReply { error, .. } if head_came => {
                Trouble::BrokeOff(error.to_string())
            }
            Cause::Broken(error) | Cause::BrokenReply { error, .. } if is_reset(&error) => {
                Trouble::ResetUnanswered
            }
            Cause::ReplyTimeout(limit) | Cause::SocketTimeout(limit) if head_came => {
                Trouble::Stalled(limit)
            }
            Cause::ReplyTimeout(limit) | Cause::SocketTimeout(limit) => Trouble::Slow(limit),
            Cause::Protocol(error) => garbage(error, head_came, unread),
            Cause::WrongLength { announced, arrived } => {
                Trouble::WrongLength { announced, arrived }
            }
            other => Trouble::Other(other.to_string()),
        }
    }

    /// A word for scripts; it never changes.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Trouble::UnknownHost { .. } => "unknown_host",
            Trouble::Refused => "refused",
            Trouble::Filtered(_) => "filtered",
            Trouble::Unreachable(_) => "unreachable",
            Trouble::Forbidden(_) => "forbidden",
            Trouble::Exhausted(_) => "exhausted",
            Trouble::NotOpened(_) => "not_opened",
            Trouble::Foreign(foreign) => foreign.word(),
            Trouble::Silent(_) => "silent",
            Trouble::ClosedAtOnce | Trouble::ResetAtOnce => "closed_at_once",
            Trouble::NoCpong(_) => "no_cpong",
            Trouble::TooLarge(_) => "request_too_large",
            Trouble::NotTaken(_) => "not_taken",
            Trouble::ClosedUnanswered | Trouble::ResetUnanswered => "closed_unanswered",
            Trouble::Slow(_) => "slow",
            Trouble::BrokeOff(_) => "broke_off",
            Trouble::Stalled(_) => "stalled",
            Trouble::PacketTooLarge { .. } => "packet_too_large",
            Trouble::Garbage(_) => "garbage",
            Trouble::WrongLength { .. } => "wrong_length",
            Trouble::Other(_) => "other",
        }
    }

    /// As JSON.
    pub(super) fn record(&self) -> Record {
        Record {
            kind: self.word(),
            message: self.to_string(),
            remedy: self.remedy(),
        }
    }

    /// What can be done about it.
    pub(super) fn remedy(&self) -> &'static str {
        self.remedy_of_the_way()
            .unwrap_or_else(|| self.remedy_of_the_peer())
    }

    /// Where no connection came about.
    fn remedy_of_the_way(&self) -> Option<&'static str> {
        Some(match self {
            Trouble::UnknownHost { .. } => {
                "see how the name is written, /etc/hosts and the DNS of this host, or name an address"
            }
            Trouble::Refused => {
                "nobody listens there: see that Tomcat runs, and port and address of the <Connector protocol=\"AJP/1.3\"> in its server.xml (without address it listens on the loopback address alone)"
            }
            Trouble::Filtered(_) => {
                "a firewall that drops packets, a host that is down or a full queue of the listener: see the firewalls of both hosts and between them"
            }
            Trouble::Unreachable(_) => {
                "see the address, the routes of this host (ip route get), and firewalls that reject"
            }
            Trouble::Forbidden(_) => {
                "see this host's own firewall (nft list ruleset), and SELinux or what else confines this process"
            }
            Trouble::Exhausted(Exhaustion::Descriptors) => {
                "raise the limit of open files (ulimit -n)"
            }
            Trouble::Exhausted(exhaustion) => exhaustion.remedy(),
            Trouble::NotOpened(_) => "see the address, and the network of this host",
            _ => return None,
        })
    }

    /// Where one did.
    fn remedy_of_the_peer(&self) -> &'static str {
        match self {
            Trouble::Foreign(foreign) => foreign.remedy(),
            Trouble::Silent(_) => {
                "Tomcat is paused, hangs or collects garbage (jstack PID tells), all its connections are taken (maxConnections), or another service listens there"
            }
            Trouble::ClosedAtOnce | Trouble::ResetAtOnce => {
                "Tomcat is paused or stopping, something in between filters by address, or it is another service, a TLS port for instance: see Tomcat's log, and that the port is its AJP connector's"
            }
            Trouble::NoCpong(_) | Trouble::Garbage(_) => {
                "see that the port is Tomcat's AJP connector, and Tomcat's log"
            }
            Trouble::TooLarge(size) if !size.fits_largest() => {
                "no packet can hold it: send less in path, headers and attributes"
            }
            Trouble::TooLarge(_) => {
                "raise --packet-size and packetSize of Tomcat's connector together, and max_packet_size of the worker for the module"
            }
            Trouble::NotTaken(_) => "see Tomcat's log, and its threads (jstack PID)",
            Trouble::ClosedUnanswered | Trouble::ResetUnanswered => {
                "see Tomcat's log; it does this when it is being stopped or paused, and when the request is larger than its packetSize"
            }
            Trouble::Slow(_) => {
                "see what the application waits for (jstack PID) and whether all threads are busy (maxThreads), or raise --timeout"
            }
            Trouble::BrokeOff(_) => {
                "see the logs of Tomcat and of the application for what ended it"
            }
            Trouble::Stalled(_) => {
                "see what the application waits for (jstack PID), or raise --timeout"
            }
            Trouble::PacketTooLarge { .. } => {
                "packetSize of Tomcat's connector is larger than ours: give the same with --packet-size, and to the module with max_packet_size"
            }
            Trouble::WrongLength { .. } => {
                "the application sets a wrong Content-Length: see its log"
            }
            _ => "see Tomcat's log",
        }
    }
}

fn not_connected(error: io::Error, limit: Duration) -> Trouble {
    match error.kind() {
        ErrorKind::ConnectionRefused => Trouble::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Trouble::Filtered(limit),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Trouble::Unreachable(error),
        ErrorKind::PermissionDenied => Trouble::Forbidden(error),
        ErrorKind::ConnectionReset => Trouble::ResetAtOnce,
        _ => Trouble::NotOpened(error),
    }
}

fn no_cpong(error: io::Error, limit: Duration, unread: &[u8]) -> Trouble {
    if let Some(foreign) = Foreign::of(unread) {
        return Trouble::Foreign(foreign);
    }
    if let Some(part) = part_of_a_packet(unread) {
        return Trouble::NoCpong(part);
    }
    match error.kind() {
        ErrorKind::TimedOut => Trouble::Silent(limit),
        ErrorKind::UnexpectedEof => Trouble::ClosedAtOnce,
        _ if is_reset(&error) => Trouble::ResetAtOnce,
        _ => Trouble::NoCpong(error.to_string()),
    }
}

/// What came, if it is the beginning of a packet without its end.
fn part_of_a_packet(unread: &[u8]) -> Option<String> {
    /// In a CPONG.
    const BYTES: u16 = 1;
    let what = match unread {
        [] => return None,
        [_, _, high, low, rest @ ..] => match u16::from_be_bytes([*high, *low]) {
            length if rest.len() >= usize::from(length) => return None,
            BYTES => "a packet that is not whole".to_owned(),
            length => format!("a packet of {length} bytes, and a CPONG has {BYTES}"),
        },
        _ => "a packet that is not whole".to_owned(),
    };
    let (shown, rest) = unread.split_at(unread.len().min(foreign::BYTES));
    let shown: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
    let more = if rest.is_empty() { "" } else { " …" };
    Some(format!("{what}: {}{more}", shown.join(" ")))
}

fn garbage(error: WireError, head_came: bool, unread: &[u8]) -> Trouble {
    let WireError::Ajp(ajp) = &error else {
        return Trouble::Garbage(error);
    };
    match *ajp {
        ProtocolError::Oversized { len, limit } => Trouble::PacketTooLarge { len, limit },
        ProtocolError::TruncatedPacket { .. } if head_came => Trouble::BrokeOff(error.to_string()),
        ProtocolError::BadMagic { .. } if !head_came => match Foreign::of(unread) {
            Some(foreign) => Trouble::Foreign(foreign),
            None => Trouble::Garbage(error),
        },
        _ => Trouble::Garbage(error),
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);
    const DOCUMENT: &str = include_str!("../../../../docs/rjk-json.md");

    fn error(kind: ErrorKind) -> io::Error {
        kind.into()
    }

    /// What scripts read of it, and that the document knows it.
    fn word(phase: Phase, cause: Cause, unread: &[u8]) -> &'static str {
        let word = Trouble::of(Failure::last(phase, cause), LIMIT, unread).word();
        assert!(DOCUMENT.contains(&format!("`{word}`")), "{word}");
        word
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
            Trouble::of(Failure::last(Phase::Send, cause), LIMIT, b"").remedy()
        };
        assert!(remedy(9000).contains("packetSize"));
        assert!(!remedy(90_000).contains("packetSize"));
    }
}
