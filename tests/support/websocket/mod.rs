//! WebSocket (RFC 6455): a client that opens one through httpd, and the other end for a scripted peer.

mod frame;
mod open;
mod serve;
#[cfg(test)]
mod tests;

pub use frame::{Frame, Kind};
pub use open::{
    Upgrade, accept, accept_key, accept_with, open, open_over, open_with, opened, wish,
};
pub use serve::echo;

use crate::Result;
use anyhow::{bail, ensure};
use std::io::{Read, Write};

/// What either end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A question whether the other end is there.
    Ping(Vec<u8>),
    /// Its answer.
    Pong(Vec<u8>),
    /// The end, with its code if it has one.
    Close(Option<u16>),
}

impl Message {
    /// [`Message::Text`].
    pub fn text(text: impl Into<String>) -> Message {
        Message::Text(text.into())
    }

    fn frame(&self) -> Frame {
        let (kind, payload) = match self {
            Message::Text(text) => (Kind::Text, text.as_bytes().to_vec()),
            Message::Binary(bytes) => (Kind::Binary, bytes.clone()),
            Message::Ping(bytes) => (Kind::Ping, bytes.clone()),
            Message::Pong(bytes) => (Kind::Pong, bytes.clone()),
            Message::Close(code) => {
                let code = code.map(|code| code.to_be_bytes().to_vec());
                (Kind::Close, code.unwrap_or_default())
            }
        };
        Frame::whole(kind, payload)
    }
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Masks what it sends.
    Client,
    /// Does not.
    Server,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    end: End,
    /// A message whose last frame did not come yet; others may come between.
    begun: Option<Frame>,
}

impl<S: Read + Write> WebSocket<S> {
    /// One end of a stream that was changed to it.
    pub fn over(stream: S, end: End) -> WebSocket<S> {
        WebSocket {
            stream,
            end,
            begun: None,
        }
    }

    /// What it goes over.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// What it goes over, for good.
    pub fn into_stream(self) -> S {
        self.stream
    }

    /// Sends a message in one frame.
    pub fn send(&mut self, message: &Message) -> Result {
        self.send_frame(&message.frame())
    }

    /// Sends a frame.
    pub fn send_frame(&mut self, frame: &Frame) -> Result {
        let mask = (self.end == End::Client).then_some([0x1D, 0x2C, 0x3B, 0x4A]);
        self.stream.write_all(&frame.bytes(mask))?;
        Ok(self.stream.flush()?)
    }

    /// The next message; `None` when the stream ends between two.
    pub fn receive(&mut self) -> Result<Option<Message>> {
        loop {
            let Some(frame) = Frame::read(&mut self.stream, self.end == End::Server)? else {
                ensure!(self.begun.is_none(), "ended inside a message");
                return Ok(None);
            };
            match (frame.kind, &mut self.begun) {
                (Kind::Ping | Kind::Pong | Kind::Close, _) => return message(frame).map(Some),
                (Kind::Continuation, Some(begun)) => {
                    begun.payload.extend_from_slice(&frame.payload);
                    begun.is_last = frame.is_last;
                }
                (Kind::Text | Kind::Binary, None) => self.begun = Some(frame),
                (kind, _) => bail!("{kind:?} out of order"),
            }
            if let Some(whole) = self.begun.take_if(|frame| frame.is_last) {
                return message(whole).map(Some);
            }
        }
    }

    /// The next message; an error at the end.
    pub fn expect(&mut self) -> Result<Message> {
        match self.receive()? {
            Some(message) => Ok(message),
            None => bail!("the WebSocket ended"),
        }
    }

    /// Sends text, and the text that comes back.
    pub fn ask(&mut self, text: &str) -> Result<String> {
        self.send(&Message::text(text))?;
        match self.expect()? {
            Message::Text(answer) => Ok(answer),
            other => bail!("{other:?}"),
        }
    }
}

fn message(frame: Frame) -> Result<Message> {
    Ok(match frame.kind {
        Kind::Text => Message::Text(String::from_utf8(frame.payload)?),
        Kind::Binary => Message::Binary(frame.payload),
        Kind::Ping => Message::Ping(frame.payload),
        Kind::Pong => Message::Pong(frame.payload),
        Kind::Close => Message::Close(match frame.payload[..] {
            [high, low, ..] => Some(u16::from_be_bytes([high, low])),
            _ => None,
        }),
        Kind::Continuation => bail!("a continuation of nothing"),
    })
}
