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
const WINDOW_UPDATE: u8 = 8;

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
    /// Gives back the room of what came, so that more can come.
    gives_room: bool,
    /// How much may be sent, of the connection and of the stream.
    room: [usize; 2],
}

/// What either side may send before it is told of more room.
const ROOM: usize = 65_535;

impl Stream {
    /// POST, its body yet to come.
    pub fn post(port: u16, path: &str) -> Result<Stream> {
        Stream::start(port, path, 3, 0)
    }

    /// GET.
    pub fn get(port: u16, path: &str) -> Result<Stream> {
        Stream::start(port, path, 2, END_STREAM)
    }

    /// An extended CONNECT for a WebSocket (RFC 8441). Data in both directions may be larger than what
    /// HTTP/2 allows at first.
    pub fn websocket(port: u16, path: &str) -> Result<Stream> {
        let mut stream = Stream::connect(port)?;
        stream.gives_room = true;
        // Method, scheme, path and authority by their names' places; the others as they are.
        let mut head = b"\x02\x07CONNECT\x86\x04".to_vec();
        head.push(u8::try_from(path.len())?);
        head.extend_from_slice(path.as_bytes());
        head.extend_from_slice(b"\x01\x08rjk.test\0\x09:protocol\x09websocket");
        head.extend_from_slice(b"\0\x15sec-websocket-version\x0213");
        stream.frame(HEADERS, END_HEADERS, STREAM, &head)?;
        Ok(stream)
    }

    /// `method` is its place in HPACK's static table.
    fn start(port: u16, path: &str, method: u8, flags: u8) -> Result<Stream> {
        let mut stream = Stream::connect(port)?;
        // HPACK: method and scheme by their places, path and authority as they are.
        let mut head = vec![0x80 | method, 0x86, 0x04, u8::try_from(path.len())?];
        head.extend_from_slice(path.as_bytes());
        head.extend_from_slice(b"\x01\x08rjk.test");
        stream.frame(HEADERS, flags | END_HEADERS, STREAM, &head)?;
        Ok(stream)
    }

    fn connect(port: u16) -> Result<Stream> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        let mut stream = Stream {
            socket,
            status: None,
            body: Vec::new(),
            end: None,
            gives_room: false,
            room: [ROOM; 2],
        };
        stream.socket.write_all(PREFACE)?;
        stream.frame(SETTINGS, 0, 0, &[])?;
        Ok(stream)
    }

    /// Data of any length, as there is room for it.
    pub fn say(&mut self, bytes: &[u8]) -> Result {
        let mut rest = bytes;
        while !rest.is_empty() {
            let now = rest.len().min(8192).min(self.room[0]).min(self.room[1]);
            if now == 0 {
                ensure!(self.end.is_none(), "ended: {:?}", self.status);
                self.read_frame()?;
                continue;
            }
            let (piece, later) = rest.split_at(now);
            self.frame(DATA, 0, STREAM, piece)?;
            self.room = self.room.map(|room| room - now);
            rest = later;
        }
        Ok(())
    }

    /// Reads until the answer's body has so many bytes.
    pub fn wait_for_bytes(&mut self, count: usize) -> Result {
        while self.body.len() < count {
            ensure!(self.end.is_none(), "ended after {}", self.body.len());
            self.read_frame()?;
        }
        Ok(())
    }

    /// Reads to the end: the status, the body and how it ended.
    pub fn outcome(mut self) -> Result<(Option<u16>, Vec<u8>, End)> {
        loop {
            if let Some(end) = self.end {
                return Ok((self.status, self.body, end));
            }
            self.read_frame()?;
        }
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
    pub fn answer(self) -> Result<Answer> {
        let (status, body, end) = self.outcome()?;
        Ok(Answer {
            status,
            text: String::from_utf8_lossy(&body).into_owned(),
            end,
        })
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result {
        let length = u32::try_from(payload.len())?.to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, flags];
        bytes.extend_from_slice(&stream.to_be_bytes());
        bytes.extend_from_slice(payload);
        Ok(self.socket.write_all(&bytes)?)
    }

    fn take(&mut self, data: &[u8]) -> Result {
        self.body.extend_from_slice(data);
        if self.gives_room && !data.is_empty() {
            let length = u32::try_from(data.len())?.to_be_bytes();
            self.frame(WINDOW_UPDATE, 0, 0, &length)?;
            self.frame(WINDOW_UPDATE, 0, STREAM, &length)?;
        }
        Ok(())
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
            DATA => self.take(&payload)?,
            WINDOW_UPDATE => {
                let [.., a, b, c, d] = payload[..] else {
                    bail!("a window update of {} bytes", payload.len());
                };
                let more = u32::from_be_bytes([a & 0x7F, b, c, d]);
                let of = usize::from(head[8] != 0);
                self.room[of] += usize::try_from(more)?;
            }
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
