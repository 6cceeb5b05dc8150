//! What a failure of the module means for who asked.

use super::{Asked, Trouble};
use crate::peer::foreign::{self, Foreign};
use crate::peer::target::Scheme;
use rjk_ajp::ProtocolError;
use rjk_proxy::job::failure::{Cause, Failure, Phase, ProbeEndsConnection};
use rjk_proxy::job::wire::WireError;
use rjk_proxy::way::connector::ConnectError;
use rjk_proxy::way::tls::TlsError;
use std::io::{self, ErrorKind};

impl Trouble {
    /// What a failure means.
    pub(in crate::peer) fn of(failure: Failure, asked: Asked<'_>) -> Trouble {
        if let Some(exhaustion) = failure.exhaustion() {
            return Trouble::Exhausted(exhaustion);
        }
        let (scheme, head_came) = (asked.scheme, failure.phase == Phase::Receive);
        match failure.cause {
            Cause::Connect(error) => not_connected(error, asked),
            Cause::Ping(error) => no_sign(error, asked),
            Cause::TooLarge(size) => Trouble::TooLarge(size),
            Cause::Unwritable(error) => Trouble::Unwritable(error.to_string()),
            Cause::Send(error) => match error.downcast::<TlsError>() {
                Ok(error) => Trouble::Tls(error),
                Err(error) if is_reset(&error) => Trouble::ResetUnanswered(scheme),
                Err(error) => Trouble::NotTaken { scheme, error },
            },
            Cause::Closed if head_came => Trouble::BrokeOff("the connection was closed".to_owned()),
            Cause::Closed => Trouble::ClosedUnanswered(scheme),
            Cause::Broken(error) | Cause::BrokenReply { error, .. } => {
                broken(error, scheme, head_came)
            }
            Cause::ReplyTimeout(limit) | Cause::SocketTimeout(limit) if head_came => {
                Trouble::Stalled { scheme, limit }
            }
            Cause::ReplyTimeout(limit) | Cause::SocketTimeout(limit) => {
                Trouble::Slow { scheme, limit }
            }
            Cause::Protocol(error) => garbage(error, head_came, asked),
            Cause::WrongLength { announced, arrived } => {
                Trouble::WrongLength { announced, arrived }
            }
            other => Trouble::Other(other.to_string()),
        }
    }
}

fn not_connected(error: ConnectError, asked: Asked<'_>) -> Trouble {
    let error = match error {
        ConnectError::Tls(error) => return Trouble::Tls(error),
        ConnectError::Unix { error, seen, .. } => return Trouble::Socket { error, seen },
        ConnectError::Tcp(error) => error,
    };
    match error.kind() {
        ErrorKind::ConnectionRefused => Trouble::Refused(asked.scheme),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Trouble::Filtered(asked.limit),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Trouble::Unreachable(error),
        ErrorKind::PermissionDenied => Trouble::Forbidden(error),
        ErrorKind::ConnectionReset => Trouble::ResetAtOnce(asked.scheme),
        _ => Trouble::NotOpened(error),
    }
}

/// A probe without the answer to it.
fn no_sign(error: io::Error, asked: Asked<'_>) -> Trouble {
    let Asked {
        scheme,
        limit,
        unread,
    } = asked;
    let ends = error
        .get_ref()
        .is_some_and(|inner| inner.is::<ProbeEndsConnection>());
    // What is unread is then behind a head that was HTTP.
    if scheme.is_http() && ends {
        return Trouble::EndsConnection;
    }
    if let Some(foreign) = Foreign::of(unread, scheme) {
        return Trouble::Foreign(foreign);
    }
    let error = match error.downcast::<TlsError>() {
        Ok(error) => return Trouble::Tls(error),
        Err(error) => error,
    };
    if scheme.is_http() && error.kind() == ErrorKind::InvalidData {
        return match error.downcast::<rjk_http1::ProtocolError>() {
            Ok(error) => Trouble::Garbage(WireError::Http(error)),
            Err(_) => Trouble::BrokeOff("the connection was closed".to_owned()),
        };
    }
    if let Some(part) = part_of_a_packet(unread).filter(|_| scheme == Scheme::Ajp) {
        return Trouble::NoCpong(part);
    }
    match error.kind() {
        ErrorKind::TimedOut => Trouble::Silent { scheme, limit },
        ErrorKind::UnexpectedEof if unread.is_empty() => Trouble::ClosedAtOnce(scheme),
        ErrorKind::UnexpectedEof if scheme.is_http() => Trouble::BrokeOff(error.to_string()),
        ErrorKind::UnexpectedEof => Trouble::ClosedAtOnce(scheme),
        _ if is_reset(&error) => Trouble::ResetAtOnce(scheme),
        _ if scheme.is_http() => Trouble::Other(error.to_string()),
        _ => Trouble::NoCpong(error.to_string()),
    }
}

/// What came, if it is the beginning of a packet without its end.
pub(super) fn part_of_a_packet(unread: &[u8]) -> Option<String> {
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

fn broken(error: io::Error, scheme: Scheme, head_came: bool) -> Trouble {
    match error.downcast::<TlsError>() {
        Ok(error @ TlsError::Truncated) if head_came => Trouble::BrokeOff(error.to_string()),
        Ok(error) => Trouble::Tls(error),
        Err(error) if head_came => Trouble::BrokeOff(error.to_string()),
        Err(error) if is_reset(&error) => Trouble::ResetUnanswered(scheme),
        Err(error) => Trouble::Other(error.to_string()),
    }
}

fn garbage(error: WireError, head_came: bool, asked: Asked<'_>) -> Trouble {
    let foreign = Foreign::of(asked.unread, asked.scheme).filter(|_| !head_came);
    match &error {
        WireError::Ajp(ProtocolError::Oversized { len, limit }) => Trouble::PacketTooLarge {
            len: *len,
            limit: *limit,
        },
        WireError::Ajp(ProtocolError::TruncatedPacket { .. }) if head_came => {
            Trouble::BrokeOff(error.to_string())
        }
        WireError::Ajp(ProtocolError::BadMagic { .. }) | WireError::Http(_)
            if foreign.is_some() =>
        {
            foreign.map_or(Trouble::Garbage(error), Trouble::Foreign)
        }
        WireError::Http(broken) if broken.is_early_end() => Trouble::BrokeOff(error.to_string()),
        _ => Trouble::Garbage(error),
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}
