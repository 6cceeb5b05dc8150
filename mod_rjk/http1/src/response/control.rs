//! The fields that say how the message ends and what becomes of the connection.

use rjk_message::ContentLength;
use std::time::Duration;

/// What a head says of its body and its connection, apart from Content-Length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    /// HTTP/1.0.
    pub(crate) old: bool,
    pub(crate) coding: Coding,
    pub(crate) lengths: usize,
    pub(crate) length: ContentLength,
    close: bool,
    keep_alive: bool,
    upgrade: bool,
    protocol: Protocol,
    kept_for: Option<Duration>,
}

/// What Transfer-Encoding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Absent,
    Chunked,
    Unknown,
    /// Several fields, or a list.
    Repeated,
}

/// What Upgrade names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    None,
    WebSocket,
    Other,
}

impl Control {
    pub(crate) fn new(old: bool) -> Control {
        Control {
            old,
            coding: Coding::Absent,
            lengths: 0,
            length: ContentLength::Absent,
            close: false,
            keep_alive: false,
            upgrade: false,
            protocol: Protocol::None,
            kept_for: None,
        }
    }

    /// Takes one field in.
    pub(crate) fn note(&mut self, name: &[u8], value: &[u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match name.len() {
            7 if is("Upgrade") => self.note_upgrade(value),
            10 if is("Connection") => self.note_connection(value),
            10 if is("Keep-Alive") => self.note_keep_alive(value),
            14 if is("Content-Length") => self.note_length(value),
            17 if is("Transfer-Encoding") => self.note_coding(value),
            _ => {}
        }
    }

    /// Whether the connection stays open behind the response (RFC 9112 §9.3).
    pub(crate) fn persists(&self) -> bool {
        !self.close && (!self.old || self.keep_alive)
    }

    /// Whether this is the whole of an agreement on WebSocket (RFC 9110 §7.8, RFC 6455 §4.1).
    pub(crate) fn agrees_on_websocket(&self) -> bool {
        !self.old && self.upgrade && self.protocol == Protocol::WebSocket
    }

    /// How long the worker keeps the idle connection, less a second for the way.
    pub(crate) fn kept_for(&self) -> Option<Duration> {
        self.kept_for
    }

    fn note_connection(&mut self, value: &[u8]) {
        for option in list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    /// The worker may name no protocol beside the one that was asked for.
    fn note_upgrade(&mut self, value: &[u8]) {
        for protocol in list(value) {
            let is_websocket = protocol.eq_ignore_ascii_case(b"websocket");
            self.protocol = match self.protocol {
                Protocol::None | Protocol::WebSocket if is_websocket => Protocol::WebSocket,
                _ => Protocol::Other,
            };
        }
    }

    /// The shortest of several times counts.
    fn note_keep_alive(&mut self, value: &[u8]) {
        for time in list(value).filter_map(timeout) {
            let kept = Duration::from_secs(u64::from(time).saturating_sub(1));
            self.kept_for = Some(self.kept_for.map_or(kept, |known| known.min(kept)));
        }
    }

    fn note_length(&mut self, value: &[u8]) {
        self.lengths += 1;
        self.length = match self.lengths {
            1 => ContentLength::of([value]),
            _ => ContentLength::Several,
        };
    }

    /// Empty list elements, parameters and quotes are not what a worker sends: whoever writes them
    /// means to be read differently by two readers.
    fn note_coding(&mut self, value: &[u8]) {
        self.coding = match self.coding {
            Coding::Absent if value.eq_ignore_ascii_case(b"chunked") => Coding::Chunked,
            Coding::Absent if !value.contains(&b',') => Coding::Unknown,
            _ => Coding::Repeated,
        };
    }
}

/// The elements of a list without the empty ones (RFC 9110 §5.6.1).
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let elements = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    elements.filter(|element| !element.is_empty())
}

/// The seconds of `timeout=`; what is beyond all clocks counts as much as they can count.
fn timeout(parameter: &[u8]) -> Option<u32> {
    let equals = parameter.iter().position(|&byte| byte == b'=')?;
    let (name, value) = parameter.split_at_checked(equals)?;
    if !name.trim_ascii().eq_ignore_ascii_case(b"timeout") {
        return None;
    }
    let digits = value.get(1..)?.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        Some(number.saturating_mul(10).saturating_add(digit.into()))
    })
}

#[cfg(test)]
mod tests;
