//! The change from HTTP to WebSocket (RFC 6455, 4).

use super::{End, WebSocket};
use crate::Result;
use crate::client::{Changed, Client, Response};
use crate::http_peer::Connection;
use anyhow::ensure;
use std::io::{self, Read, Write};

/// The key of the specification's example.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What the specification says that a server proves with.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a client with this key expects.
pub fn accept_key(key: &str) -> String {
    openssl::base64::encode_block(&openssl::sha::sha1(format!("{key}{GUID}").as_bytes()))
}

/// What came of the wish for a WebSocket.
#[derive(Debug)]
pub enum Upgrade {
    /// It is open; the head that said so.
    Opened(WebSocket<Changed>, Response),
    /// An answer like any other.
    Refused(Response),
}

impl Upgrade {
    /// The open one; an error when it was refused.
    pub fn opened(self) -> Result<WebSocket<Changed>> {
        match self {
            Upgrade::Opened(socket, _) => Ok(socket),
            Upgrade::Refused(response) => {
                anyhow::bail!("refused: {} {}", response.status, response.text())
            }
        }
    }

    /// The answer, 101 or another.
    pub fn response(&self) -> &Response {
        match self {
            Upgrade::Opened(_, response) | Upgrade::Refused(response) => response,
        }
    }
}

/// Asks httpd on a port of 127.0.0.1 for a WebSocket at a target.
pub fn open(port: u16, target: &str) -> Result<Upgrade> {
    let client = Client::connect(port)?;
    open_with(client, target, "")
}

/// The head that asks for a WebSocket, with more lines, each with its CR LF.
pub fn wish(target: &str, lines: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: rjk.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{lines}\r\n"
    )
}

/// The same on a given connection, with more header lines, each with its CR LF.
pub fn open_with(mut client: Client, target: &str, lines: &str) -> Result<Upgrade> {
    client.raw(wish(target, lines).as_bytes())?;
    opened(client)
}

/// The answer to a wish that was sent.
pub fn opened(mut client: Client) -> Result<Upgrade> {
    let mut response = client.head()?;
    while response.status == 103 {
        response = client.head()?;
    }
    if response.status != 101 {
        client.rest(&mut response);
        return Ok(Upgrade::Refused(response));
    }
    agreed(&response)?;
    let stream = client.into_stream();
    Ok(Upgrade::Opened(
        WebSocket::over(stream, End::Client),
        response,
    ))
}

/// Over any stream, TLS for instance; an error when it is refused.
pub fn open_over<S: Read + Write>(mut stream: S, target: &str) -> Result<WebSocket<S>> {
    stream.write_all(wish(target, "").as_bytes())?;
    stream.flush()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let text = String::from_utf8_lossy(&head);
    let key = format!("Sec-WebSocket-Accept: {}\r\n", accept_key(KEY));
    ensure!(
        text.starts_with("HTTP/1.1 101 ") && text.contains(&key),
        "{text}"
    );
    Ok(WebSocket::over(stream, End::Client))
}

/// Whether a 101 is all that the specification asks for.
fn agreed(response: &Response) -> Result {
    let says = |name: &str, wanted: &str| {
        let value = response.header(name).unwrap_or_default();
        value.eq_ignore_ascii_case(wanted)
    };
    let accept = response.header("Sec-WebSocket-Accept");
    ensure!(accept == Some(&accept_key(KEY)), "{response:?}");
    ensure!(says("Upgrade", "websocket"), "{response:?}");
    ensure!(says("Connection", "upgrade"), "{response:?}");
    Ok(())
}

/// A peer's side: answers the request that asks for it. What is asked for is not checked.
pub fn accept(connection: &mut Connection) -> io::Result<WebSocket<&mut Connection>> {
    accept_with(connection, &[])
}

/// The same with bytes that go out in one piece with the answer.
pub fn accept_with<'c>(
    connection: &'c mut Connection,
    first: &[u8],
) -> io::Result<WebSocket<&'c mut Connection>> {
    let request = connection.request();
    let key = accept_key(request.header("Sec-WebSocket-Key").unwrap_or_default());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {key}\r\n\r\n"
    );
    connection.send(&[head.as_bytes(), first].concat())?;
    Ok(WebSocket::over(connection, End::Server))
}
