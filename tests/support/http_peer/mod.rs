//! Scripted HTTP peers: backends that do exactly what a test tells them, right or wrong, over TCP, a unix
//! socket or TLS.
//!
//! A peer reads requests strictly: what is not exactly one well-formed HTTP/1.1 request is a fault that it
//! records ([`HttpPeer::faults`]), for what httpd sends must leave no room for another reading.

mod connection;
mod request;
mod script;
mod stream;
#[cfg(test)]
mod tests;

pub use connection::Connection;
pub use request::Received;
pub use script::{Script, Step};
pub use stream::TlsSettings;

use crate::peer::lock;
use crate::tempdir::Dir;
use crate::way::{CA_FILE, Reach};
use crate::{Result, peer, ports, wait};
use anyhow::{Context, ensure};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use stream::{Listener, Raw, Stream};

/// Longest wait of [`HttpPeer::wait_requests`] and its kind.
const SEEN_LIMIT: Duration = Duration::from_secs(10);

/// A running peer; its threads end on drop.
#[derive(Debug)]
pub struct HttpPeer {
    shared: Arc<Shared>,
    place: Place,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Place {
    Port {
        port: u16,
        server_name: Option<String>,
    },
    /// The directory lives as long as the peer.
    Socket(PathBuf, #[allow(dead_code)] Dir),
}

/// What a peer's threads and its owner share.
#[derive(Debug)]
pub(crate) struct Shared {
    name: String,
    script: Mutex<Script>,
    requests: Mutex<Vec<Received>>,
    faults: Mutex<Vec<String>>,
    streams: Mutex<Vec<(usize, Raw)>>,
    accepted: AtomicUsize,
    served: AtomicUsize,
    ended: Mutex<Vec<String>>,
    stopping: AtomicBool,
}

impl HttpPeer {
    /// Starts a peer on a free port.
    pub fn start(name: &str, script: impl Into<Script>) -> Result<HttpPeer> {
        HttpPeer::on_port(name, script.into(), None)
    }

    /// Starts a peer that speaks TLS.
    pub fn tls(name: &str, script: impl Into<Script>, settings: &TlsSettings) -> Result<HttpPeer> {
        HttpPeer::on_port(name, script.into(), Some(settings))
    }

    /// Starts a peer on a unix socket that everybody may use.
    pub fn unix(name: &str, script: impl Into<Script>) -> Result<HttpPeer> {
        let dir = Dir::new("peer")?;
        let path = dir.join("http.sock");
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666))?;
        let place = Place::Socket(path, dir);
        HttpPeer::listen(Listener::Unix(listener), place, name, script.into())
    }

    fn on_port(name: &str, script: Script, tls: Option<&TlsSettings>) -> Result<HttpPeer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        ports::claim(port);
        let server_name = tls.map(|settings| settings.server_name.clone());
        let place = Place::Port { port, server_name };
        let listener = match tls {
            None => Listener::Tcp(listener),
            Some(settings) => Listener::Tls(listener, settings.acceptor()?),
        };
        HttpPeer::listen(listener, place, name, script)
    }

    fn listen(listener: Listener, place: Place, name: &str, script: Script) -> Result<HttpPeer> {
        let shared = Arc::new(Shared::new(name, script));
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        Ok(HttpPeer {
            shared,
            place,
            acceptor: Some(acceptor),
        })
    }

    /// Its port, 0 on a unix socket.
    pub fn port(&self) -> u16 {
        match &self.place {
            Place::Port { port, .. } => *port,
            Place::Socket(..) => 0,
        }
    }

    /// Its unix socket, if it listens at one.
    pub fn socket(&self) -> Option<&Path> {
        match &self.place {
            Place::Port { .. } => None,
            Place::Socket(path, _) => Some(path),
        }
    }

    /// The worker `name` that leads here. Its AJP port is that of nobody: only rjk.toml leads here.
    pub fn reach(&self, name: &str) -> Reach {
        let lines = match &self.place {
            Place::Socket(path, _) => format!("socket = {path:?}\n"),
            Place::Port { port, server_name } => {
                let tls = server_name.as_ref().map(|server_name| {
                    format!(
                        "tls = {{ ca = \"@ROOT@/{CA_FILE}\", server_name = \"{server_name}\" }}\n"
                    )
                });
                format!("port = {port}\n{}", tls.unwrap_or_default())
            }
        };
        Reach {
            properties: peer::worker_lines(name, 1),
            toml: format!("[worker.{name}]\nprotocol = \"http\"\n{lines}"),
        }
    }

    /// Replaces the script, from the next connection or request on; the scripted answers start again
    /// from the first.
    pub fn set(&self, script: impl Into<Script>) {
        *lock(&self.shared.script) = script.into();
        self.shared.served.store(0, Ordering::SeqCst);
    }

    /// The requests so far, in order of arrival; bodies as far as they were read.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.requests).clone()
    }

    /// Waits until `count` requests have arrived and returns them all.
    pub fn wait_requests(&self, count: usize) -> Result<Vec<Received>> {
        let enough = || self.requests().len() >= count;
        wait::until("requests at the peer", SEEN_LIMIT, enough)
            .with_context(|| format!("{} of {count}", self.requests().len()))?;
        Ok(self.requests())
    }

    /// The only request so far; an error when there are none or several.
    pub fn only_request(&self) -> Result<Received> {
        let mut requests = self.wait_requests(1)?;
        ensure!(requests.len() == 1, "{requests:#?}");
        Ok(requests.remove(0))
    }

    /// What came that is no well-formed request.
    pub fn faults(&self) -> Vec<String> {
        lock(&self.shared.faults).clone()
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Connections open now, as far as the peer noticed.
    pub fn open_connections(&self) -> usize {
        lock(&self.shared.streams).len()
    }

    /// Why each ended connection ended, in order: `closed by the client`, an error or the step.
    pub fn endings(&self) -> Vec<String> {
        lock(&self.shared.ended).clone()
    }

    /// Closes all open connections and goes on listening, as an idle timeout would.
    pub fn close_connections(&self) {
        for (_, stream) in lock(&self.shared.streams).drain(..) {
            stream.shutdown();
        }
    }
}

impl Drop for HttpPeer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.close_connections();
        // accept() has no timeout: a connection of our own ends it.
        match &self.place {
            Place::Port { port, .. } => {
                drop(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, *port)));
            }
            Place::Socket(path, _) => drop(std::os::unix::net::UnixStream::connect(path)),
        }
        if let Some(thread) = self.acceptor.take() {
            let _ = thread.join();
        }
        self.close_connections();
    }
}

impl Shared {
    fn new(name: &str, script: Script) -> Shared {
        Shared {
            name: name.to_owned(),
            script: Mutex::new(script),
            requests: Mutex::default(),
            faults: Mutex::default(),
            streams: Mutex::default(),
            accepted: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            ended: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

fn accept(listener: &Listener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    while let Ok(raw) = listener.accept() {
        if shared.is_stopping() {
            break;
        }
        let number = shared.accepted.fetch_add(1, Ordering::SeqCst);
        let Ok(copy) = raw.try_clone() else { continue };
        lock(&shared.streams).push((number, copy));
        let (shared, acceptor) = (Arc::clone(shared), listener.acceptor());
        threads.push(std::thread::spawn(move || {
            let ending = match Stream::over(raw, acceptor.as_ref()) {
                Ok(stream) => Connection::new(stream, number, Arc::clone(&shared)).run(),
                Err(error) => format!("no handshake: {error}"),
            };
            if ending != connection::KEPT {
                lock(&shared.streams).retain(|(other, _)| *other != number);
            }
            lock(&shared.ended).push(ending);
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}
