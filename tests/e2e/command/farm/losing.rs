//! A way to a web host on which answers get lost.

use rjk_testbed::Result;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Passes requests on; the answer to a change never comes back.
pub struct Losing(SocketAddr);

impl Losing {
    /// In front of a port of 127.0.0.1, for as long as the test runs.
    pub fn start(port: u16) -> Result<Losing> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                thread::spawn(move || pass(client, port));
            }
        });
        Ok(Losing(address))
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.0)
    }
}

/// One request at a time, which comes in one piece.
fn pass(mut client: TcpStream, port: u16) -> Option<()> {
    let mut buffer = [0; 8192];
    loop {
        let count = client.read(&mut buffer).ok().filter(|count| *count > 0)?;
        let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let request = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
        server.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).ok()?;
        if request.contains("cmd=update") {
            // Held until the client gives up.
            let _ = client.read(&mut buffer);
            return None;
        }
        client.write_all(&answer).ok()?;
        client.shutdown(Shutdown::Write).ok()?;
    }
}
