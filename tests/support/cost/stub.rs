//! An AJP backend that gives every request the same small answer at once.

use crate::peer::{CPONG, Head, body_chunk, end_response};
use crate::{Result, ports};
use anyhow::Context;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// Bytes of an answer's body.
pub const BODY: usize = 1024;
/// CPING begins its payload with this byte; a request with 2.
const CPING: u8 = 10;

/// Starts one on threads of this process, which end with it; its port.
pub fn start() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    ports::claim(port);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    Ok(port)
}

/// Serves until the connection ends; there are no bodies, so each packet is a request.
fn serve(mut stream: TcpStream) -> Result {
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
