//! httpd in front of a peer that agrees to a WebSocket, and its clients.

use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};
use rjk_testbed::client::{Client, Request, Response};
use rjk_testbed::http_peer::{Connection, HttpPeer, Script, Step};
use rjk_testbed::httpd::Builder;
use rjk_testbed::websocket::accept;
use rjk_testbed::{Httpd, Result, Subject, ensure};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// What the peers say when they saw the client's end.
pub const LAST_WORDS: &[u8] = b"[the end was seen]";
/// Longest wait of a client for a byte.
const PATIENCE: Duration = Duration::from_secs(40);

/// httpd with the worker `w`, which leads to the peer, below /ws; `lines` go to its table in rjk.toml.
pub fn site(peer: &HttpPeer, lines: &str) -> Builder {
    let reach = peer.reach("w").more("websocket = true").more(lines);
    Httpd::builder(Subject::Rjk)
        .workers(format!("{}worker.list=w\n", reach.properties))
        .file("conf/rjk.toml", reach.toml)
        .directives("RjkConfigFile conf/rjk.toml\nJkMount /ws* w")
}

/// A peer that agrees, and then does this with the connection.
pub fn peer(
    then: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
) -> Result<HttpPeer> {
    HttpPeer::start("w", agreeing(then))
}

/// What such a peer does.
pub fn agreeing(
    then: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static,
) -> Script {
    let act = move |connection: &mut Connection| {
        drop(accept(connection)?);
        then(connection)
    };
    Script::new([Step::run(act)])
}

/// Sends back all that comes, and its last words at the end.
pub fn echo(connection: &mut Connection) -> io::Result<()> {
    loop {
        let bytes = connection.read_raw()?;
        if bytes.is_empty() {
            connection.send(LAST_WORDS)?;
            return connection.step(&Step::Close);
        }
        connection.send(&bytes)?;
    }
}

/// A tunnel from the client's side.
pub struct Tunnel<S> {
    pub stream: S,
    /// The head of the answer, with the empty line behind it.
    pub head: String,
}

/// Opens one.
pub fn open(httpd: &Httpd) -> Result<Tunnel<TcpStream>> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, httpd.port()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let tunnel = Tunnel::ask(stream, "")?;
    ensure!(tunnel.head.starts_with("HTTP/1.1 101 "), "{}", tunnel.head);
    Ok(tunnel)
}

/// Opens one in TLS.
pub fn open_in_tls(httpd: &Httpd) -> Result<Tunnel<SslStream<TcpStream>>> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, httpd.port()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut connector = SslConnector::builder(SslMethod::tls_client())?;
    connector.set_verify(SslVerifyMode::NONE);
    let stream = connector.build().connect("rjk.test", stream)?;
    let tunnel = Tunnel::ask(stream, "")?;
    ensure!(tunnel.head.starts_with("HTTP/1.1 101 "), "{}", tunnel.head);
    Ok(tunnel)
}

impl<S: Read + Write> Tunnel<S> {
    /// Asks for one; `early` is sent with the request.
    pub fn ask(mut stream: S, early: &str) -> Result<Tunnel<S>> {
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: rjk.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n{early}"
        );
        stream.write_all(request.as_bytes())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head)?;
        Ok(Tunnel { stream, head })
    }

    /// Sends words, and sees them come back.
    pub fn echoes(&mut self, words: &[u8]) -> Result {
        self.stream.write_all(words)?;
        self.hears(words)
    }

    /// These words come.
    pub fn hears(&mut self, words: &[u8]) -> Result {
        let mut heard = vec![0; words.len()];
        self.stream.read_exact(&mut heard)?;
        ensure!(
            heard == words,
            "{} instead of {}",
            text(&heard),
            text(words)
        );
        Ok(())
    }

    /// Nothing more comes.
    pub fn ends(&mut self) -> Result {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest)?;
        ensure!(rest.is_empty(), "{} came before the end", text(&rest));
        Ok(())
    }
}

/// What httpd answers when it is asked for a tunnel and opens none.
pub fn refused(httpd: &Httpd) -> Result<Response> {
    let mut client = Client::connect(httpd.port())?;
    let request = Request::get("/ws").headers(&[
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]);
    Ok(client.send(&request)?)
}

fn text(bytes: &[u8]) -> String {
    let most = bytes.len().min(80);
    format!("{:?}", String::from_utf8_lossy(&bytes[..most]))
}

/// Bytes that are not the same all over.
pub fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8)
        .collect()
}
