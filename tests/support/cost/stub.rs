//! A backend that gives every request the same small answer at once.

use crate::peer::{CPONG, Head, body_chunk, end_response};
use crate::{Result, ports};
use anyhow::{Context, ensure};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// Bytes of an answer's body.
pub const BODY: usize = 1024;
/// CPING begins its payload with this byte; a request with 2.
const CPING: u8 = 10;

/// What ends the head of a request.
const END: &[u8] = b"\r\n\r\n";

/// What a backend speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AJP/1.3.
    Ajp,
    /// HTTP/1.1.
    Http,
}

/// Starts one on threads of this process, which end with it; its port.
pub fn start(protocol: Protocol) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    ports::claim(port);
    let serve = match protocol {
        Protocol::Ajp => serve_ajp,
        Protocol::Http => serve_http,
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    Ok(port)
}

/// Serves until the connection ends; there are no bodies, so each packet is a request.
fn serve_ajp(mut stream: TcpStream) -> Result {
    stream.set_nodelay(true)?;
    let head = Head::ok().header("Content-Length", &BODY.to_string());
    let answer = [head.packet(), body_chunk(&[b'x'; BODY]), end_response(true)].concat();
    let mut packet = vec![0; 1 << 16];
    loop {
        stream.read_exact(&mut packet[..4])?;
        let length = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
        let payload = packet.get_mut(..length).context("length")?;
        stream.read_exact(payload)?;
        match payload.first() {
            Some(&CPING) => stream.write_all(&CPONG)?,
            _ => stream.write_all(&answer)?,
        }
    }
}

/// Serves until the connection ends; there are no bodies, so each head is a request.
fn serve_http(mut stream: TcpStream) -> Result {
    stream.set_nodelay(true)?;
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {BODY}\r\n\r\n");
    let answer = [head.as_bytes(), &[b'x'; BODY]].concat();
    let mut request = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        let read = stream.read(&mut request[length..])?;
        ensure!(read > 0, "the connection ended");
        length += read;
        if request[..length].ends_with(END) {
            stream.write_all(&answer)?;
            length = 0;
        }
    }
}
