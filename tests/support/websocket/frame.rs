//! Frames (RFC 6455, 5.2).

use crate::Result;
use anyhow::{bail, ensure};
use std::io::{ErrorKind, Read};

/// Longest payload that is read.
const MOST: u64 = 64 << 20;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// More of a message.
    Continuation,
    /// Text, or its beginning.
    Text,
    /// Bytes, or their beginning.
    Binary,
    /// The end.
    Close,
    /// A question.
    Ping,
    /// Its answer.
    Pong,
}

impl Kind {
    const CODES: [(Kind, u8); 6] = [
        (Kind::Continuation, 0),
        (Kind::Text, 1),
        (Kind::Binary, 2),
        (Kind::Close, 8),
        (Kind::Ping, 9),
        (Kind::Pong, 10),
    ];

    fn code(self) -> u8 {
        let found = Kind::CODES.iter().find(|(kind, _)| *kind == self);
        found.map_or(0, |(_, code)| *code)
    }

    fn of(code: u8) -> Option<Kind> {
        let found = Kind::CODES.iter().find(|(_, known)| *known == code);
        found.map(|(kind, _)| *kind)
    }
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// Whether its message ends with it.
    pub is_last: bool,
    /// Its data, without mask.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A message in one frame.
    pub fn whole(kind: Kind, payload: impl Into<Vec<u8>>) -> Frame {
        Frame {
            kind,
            is_last: true,
            payload: payload.into(),
        }
    }

    /// A part of a message that goes on.
    pub fn part(kind: Kind, payload: impl Into<Vec<u8>>) -> Frame {
        Frame {
            is_last: false,
            ..Frame::whole(kind, payload)
        }
    }

    /// On the wire.
    pub fn bytes(&self, mask: Option<[u8; 4]>) -> Vec<u8> {
        let length = self.payload.len();
        let masked = if mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![self.kind.code() | if self.is_last { 0x80 } else { 0 }];
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short), _) if short < 126 => bytes.push(masked | short),
            (_, Ok(middle)) => {
                bytes.push(masked | 126);
                bytes.extend_from_slice(&middle.to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        bytes.extend(mask.iter().flatten());
        let begin = bytes.len();
        bytes.extend_from_slice(&self.payload);
        if let Some(mask) = mask {
            unmask(&mut bytes[begin..], mask);
        }
        bytes
    }

    /// The next frame; `None` when the stream ends ahead of it.
    pub fn read(stream: &mut impl Read, is_masked: bool) -> Result<Option<Frame>> {
        let mut head = [0; 2];
        match stream.read(&mut head[..1]) {
            Ok(0) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
            read => drop(read?),
        }
        stream.read_exact(&mut head[1..])?;
        let Some(kind) = Kind::of(head[0] & 0x0F) else {
            bail!("a frame of kind {:#x}", head[0]);
        };
        ensure!(head[0] & 0x70 == 0, "reserved bits: {:#x}", head[0]);
        ensure!((head[1] & 0x80 != 0) == is_masked, "mask: {:#x}", head[1]);
        let length = length(stream, head[1] & 0x7F)?;
        let mut mask = [0; 4];
        if is_masked {
            stream.read_exact(&mut mask)?;
        }
        let mut payload = vec![0; usize::try_from(length)?];
        stream.read_exact(&mut payload)?;
        unmask(&mut payload, mask);
        Ok(Some(Frame {
            kind,
            is_last: head[0] & 0x80 != 0,
            payload,
        }))
    }
}

fn length(stream: &mut impl Read, short: u8) -> Result<u64> {
    let length = match short {
        126 => {
            let mut bytes = [0; 2];
            stream.read_exact(&mut bytes)?;
            u64::from(u16::from_be_bytes(bytes))
        }
        127 => {
            let mut bytes = [0; 8];
            stream.read_exact(&mut bytes)?;
            u64::from_be_bytes(bytes)
        }
        short => u64::from(short),
    };
    ensure!(length <= MOST, "a frame of {length} bytes");
    Ok(length)
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    for (byte, mask) in bytes.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}
