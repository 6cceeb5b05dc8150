//! A raw HTTP/2 client without TLS: one connection, one stream, whose body a test feeds piece by
//! piece, and which says how the answer ended (RFC 9113).

use crate::Result;
use anyhow::{anyhow, bail, ensure};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Longest wait for a frame.
const TIMEOUT: Duration = Duration::from_secs(20);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const STREAM: u32 = 1;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As HTTP/2 ends one.
    Whole,
    /// The stream was reset.
    Reset,
    /// The connection closed.
    Closed,
}

/// An answer, as far as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status; `None` without a head.
    pub status: Option<u16>,
    /// The body, lossy.
    pub text: String,
    /// How it ended.
    pub end: End,
}

/// One request on a connection of its own.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    status: Option<u16>,
    body: Vec<u8>,
    end: Option<End>,
}

impl Stream {
    /// POST, its body yet to come.
    pub fn post(port: u16, path: &str) -> Result<Stream> {
        Stream::start(port, path, 3, 0)
    }

    /// GET.
    pub fn get(port: u16, path: &str) -> Result<Stream> {
        Stream::start(port, path, 2, END_STREAM)
    }

    /// `method` is its place in HPACK's static table.
    fn start(port: u16, path: &str, method: u8, flags: u8) -> Result<Stream> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        let mut stream = Stream {
            socket,
            status: None,
            body: Vec::new(),
            end: None,
        };
        stream.socket.write_all(PREFACE)?;
        stream.frame(SETTINGS, 0, 0, &[])?;
        // HPACK: method and scheme by their places, path and authority as they are.
        let mut head = vec![0x80 | method, 0x86, 0x04, u8::try_from(path.len())?];
        head.extend_from_slice(path.as_bytes());
        head.extend_from_slice(b"\x01\x08rjk.test");
        stream.frame(HEADERS, flags | END_HEADERS, STREAM, &head)?;
        Ok(stream)
    }

    /// More of the body.
    pub fn send(&mut self, bytes: &[u8]) -> Result {
        self.frame(DATA, 0, STREAM, bytes)
    }

    /// The end of the body.
    pub fn finish(&mut self) -> Result {
        self.frame(DATA, END_STREAM, STREAM, &[])
    }

    /// Gives the stream up, as a browser does.
    pub fn cancel(&mut self) -> Result {
        self.frame(RST_STREAM, 0, STREAM, &8_u32.to_be_bytes())
    }

    /// Reads until the answer's body contains `text`.
    pub fn wait_for(&mut self, text: &str) -> Result {
        while !String::from_utf8_lossy(&self.body).contains(text) {
            if self.end.is_some() {
                bail!("the answer ended without {text:?}: {self:?}");
            }
            self.read_frame()?;
        }
        Ok(())
    }

    /// Reads the answer to its end.
    pub fn answer(mut self) -> Result<Answer> {
        loop {
            if let Some(end) = self.end {
                return Ok(Answer {
                    status: self.status,
                    text: String::from_utf8_lossy(&self.body).into_owned(),
                    end,
                });
            }
            self.read_frame()?;
        }
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result {
        let length = u32::try_from(payload.len())?.to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, flags];
        bytes.extend_from_slice(&stream.to_be_bytes());
        bytes.extend_from_slice(payload);
        Ok(self.socket.write_all(&bytes)?)
    }

    fn read_frame(&mut self) -> Result {
        let mut head = [0; 9];
        if let Err(error) = self.socket.read_exact(&mut head) {
            let closed = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
            ensure!(closed.contains(&error.kind()), "{error}: {self:?}");
            self.end = Some(End::Closed);
            return Ok(());
        }
        let [_, a, b, c] = [0, head[0], head[1], head[2]];
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.socket.read_exact(&mut payload)?;
        let (kind, flags) = (head[3], head[4]);
        match kind {
            SETTINGS if flags & ACK == 0 => self.frame(SETTINGS, ACK, 0, &[])?,
            PING if flags & ACK == 0 => self.frame(PING, ACK, 0, &payload)?,
            HEADERS => self.status = Some(status(&payload)?),
            DATA => self.body.extend_from_slice(&payload),
            RST_STREAM => self.end = Some(End::Reset),
            GOAWAY if payload[4..8] != [0; 4] => self.end = Some(End::Closed),
            _ => {}
        }
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            self.end = Some(End::Whole);
        }
        Ok(())
    }
}

/// The status out of a header block, whose first field it is.
fn status(block: &[u8]) -> Result<u16> {
    // A change of the dynamic table's size may come first.
    let first = block.iter().position(|byte| byte & 0xE0 != 0x20);
    let field = &block[first.unwrap_or(0)..];
    Ok(match *field {
        [0x88, ..] => 200,
        [0x8C, ..] => 400,
        [0x8D, ..] => 404,
        [0x8E, ..] => 500,
        [0x48 | 0x08 | 0x18, 3, a, b, c, ..] => std::str::from_utf8(&[a, b, c])?.parse()?,
        _ => return Err(anyhow!("no status in {block:02x?}")),
    })
}
