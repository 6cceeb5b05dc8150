//! Backends that answer every request at once with the same small response: in AJP and in HTTP, each
//! over TCP and over a unix socket.

use rjk_testbed::peer::{CPONG, Head, body_chunk, end_response};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Context, Result, ensure, ports};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Bytes of the answer's body.
const BODY: usize = 1_000;
/// CPING begins its payload with this byte; a request with 2.
const CPING: u8 = 10;
/// What ends the head of a request.
const END: &[u8] = b"\r\n\r\n";

/// Where they listen, on threads of this process.
pub struct Backends {
    /// Port of the AJP one.
    pub ajp: u16,
    /// Socket of the AJP one.
    pub ajp_socket: PathBuf,
    /// Port of the HTTP one.
    pub http: u16,
    /// Socket of the HTTP one.
    pub http_socket: PathBuf,
    _folder: Dir,
}

impl Backends {
    /// Starts them.
    pub fn start() -> Result<Backends> {
        let folder = Dir::new("bench")?;
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let (ajp_socket, http_socket) = (folder.path().join("ajp"), folder.path().join("http"));
        at_socket(&ajp_socket, serve_ajp)?;
        at_socket(&http_socket, serve_http)?;
        Ok(Backends {
            ajp: at_port(serve_ajp)?,
            ajp_socket,
            http: at_port(serve_http)?,
            http_socket,
            _folder: folder,
        })
    }
}

/// A connection of either kind.
trait Connection: Read + Write + Send + 'static {}
impl<C: Read + Write + Send + 'static> Connection for C {}

type Serve = fn(&mut dyn Connection) -> Result;

fn at_port(serve: Serve) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    ports::claim(port);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let quick = stream.set_nodelay(true);
            std::thread::spawn(move || quick.map(|()| serve(&mut stream)));
        }
    });
    Ok(port)
}

fn at_socket(path: &Path, serve: Serve) -> Result {
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o666))?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(&mut stream));
        }
    });
    Ok(())
}

/// Serves until the connection ends; there are no bodies, so each packet is a request.
fn serve_ajp(stream: &mut dyn Connection) -> Result {
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
fn serve_http(stream: &mut dyn Connection) -> Result {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n");
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
