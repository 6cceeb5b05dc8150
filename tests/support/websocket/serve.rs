//! What a scripted peer does at the other end.

use super::{Message, accept};
use crate::http_peer::Step;
use std::io;

/// Accepts a WebSocket, sends everything back until the other end closes, and closes too.
pub fn echo() -> Step {
    Step::run(|connection| {
        let mut socket = accept(connection)?;
        while let Some(message) = socket.receive().map_err(io::Error::other)? {
            let answer = match message {
                Message::Ping(bytes) => Message::Pong(bytes),
                other => other,
            };
            socket.send(&answer).map_err(io::Error::other)?;
            if matches!(answer, Message::Close(_)) {
                break;
            }
        }
        connection.step(&Step::Close)
    })
}
