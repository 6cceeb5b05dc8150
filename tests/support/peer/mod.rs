//! Scripted AJP peers: backends that do exactly what a test tells them, right or wrong.
//!
//! [`Peer::start`] takes a [`Script`] (a list of [`Step`]s for each request) or a [`Behaviour`], a
//! named kind of misbehaviour. A peer records every request it decoded ([`Forwarded`]), and counts
//! connections and pings, so that a test can assert on what it saw.

mod behaviour;
mod connection;
mod forwarded;
mod packet;
mod script;
#[cfg(test)]
mod tests;
pub mod wire;

pub use behaviour::Behaviour;
pub use connection::Connection;
pub use forwarded::{Attribute, BodyPacket, Forwarded, Header};
pub(crate) use packet::MAX_CHUNK;
pub use packet::{
    CPONG, Head, body_chunk, end_response, frame, frame_with, get_body_chunk, response_head,
};
pub use script::{Script, Step};

use crate::{Result, ports, wait};
use anyhow::{Context, ensure};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest wait of [`Peer::wait_requests`] and its kind.
const SEEN_LIMIT: Duration = Duration::from_secs(10);

/// Requests that came to the peers of this process.
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// A running peer; its threads end on drop.
#[derive(Debug)]
pub struct Peer {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

/// What a peer's threads and its owner share.
#[derive(Debug)]
pub(crate) struct Shared {
    name: String,
    script: Mutex<Script>,
    requests: Mutex<Vec<Forwarded>>,
    streams: Mutex<Vec<(usize, TcpStream)>>,
    accepted: AtomicUsize,
    served: AtomicUsize,
    pings: AtomicUsize,
    ended: Mutex<Vec<String>>,
    /// The bytes of each exchange and the number of its connection, once somebody wants them.
    wires: Mutex<Option<Vec<(usize, wire::Wire)>>>,
    stopping: AtomicBool,
}

impl Peer {
    /// Starts a peer named `peer` on a free port.
    pub fn start(script: impl Into<Script>) -> Result<Peer> {
        Peer::named("peer", script)
    }

    /// Starts a peer with a name, which the echo step puts into its answer.
    pub fn named(name: &str, script: impl Into<Script>) -> Result<Peer> {
        Peer::at(Ipv4Addr::LOCALHOST.into(), name, script)
    }

    /// Starts a peer at an address and a free port.
    pub fn at(address: IpAddr, name: &str, script: impl Into<Script>) -> Result<Peer> {
        Peer::at_port(address, 0, name, script)
    }

    /// Starts a peer at an address and a port that nobody used before.
    pub fn at_port(
        address: IpAddr,
        port: u16,
        name: &str,
        script: impl Into<Script>,
    ) -> Result<Peer> {
        let listener = TcpListener::bind((address, port))?;
        ports::claim(listener.local_addr()?.port());
        Peer::listen(listener, name, script.into())
    }

    /// Starts a peer on a given port, to come back where another one was.
    pub fn on_port(port: u16, name: &str, script: impl Into<Script>) -> Result<Peer> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        socket.listen(128)?;
        Peer::listen(socket.into(), name, script.into())
    }

    fn listen(listener: TcpListener, name: &str, script: Script) -> Result<Peer> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(name, script));
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        Ok(Peer {
            shared,
            address,
            acceptor: Some(acceptor),
        })
    }

    /// Its port, on 127.0.0.1 unless it was started elsewhere.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Lines of workers.properties for an ajp13 worker `name` that leads here.
    pub fn worker(&self, name: &str) -> String {
        host_lines(name, self.address)
    }

    /// A whole workers.properties: `worker.list` with the one worker `name`.
    pub fn only_worker(&self, name: &str) -> String {
        format!("worker.list={name}\n{}", self.worker(name))
    }

    /// Replaces the script, from the next connection, ping or request on; the scripted answers
    /// start again from the first.
    pub fn set(&self, script: impl Into<Script>) {
        *lock(&self.shared.script) = script.into();
        self.shared.served.store(0, Ordering::SeqCst);
    }

    /// The requests decoded so far, in order of arrival; bodies as far as they were read.
    pub fn requests(&self) -> Vec<Forwarded> {
        lock(&self.shared.requests).clone()
    }

    /// Waits until `count` requests have arrived and returns them all.
    pub fn wait_requests(&self, count: usize) -> Result<Vec<Forwarded>> {
        wait::until("requests at the peer", SEEN_LIMIT, || {
            self.requests().len() >= count
        })
        .with_context(|| format!("{} of {count}", self.requests().len()))?;
        Ok(self.requests())
    }

    /// The only request so far; an error when there are none or several.
    pub fn only_request(&self) -> Result<Forwarded> {
        let mut requests = self.wait_requests(1)?;
        ensure!(
            requests.len() == 1,
            "{} requests instead of one",
            requests.len()
        );
        Ok(requests.remove(0))
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Connections open now, as far as the peer noticed.
    pub fn open_connections(&self) -> usize {
        lock(&self.shared.streams).len()
    }

    /// CPING packets seen so far.
    pub fn pings(&self) -> usize {
        self.shared.pings.load(Ordering::SeqCst)
    }

    /// Why each ended connection ended, in order: `closed by the client`, an error or the step.
    pub fn endings(&self) -> Vec<String> {
        lock(&self.shared.ended).clone()
    }

    /// Keeps what goes over the connections from now on.
    pub fn keep_wires(&self) {
        lock(&self.shared.wires).get_or_insert_default();
    }

    /// Whether it does.
    pub fn keeps_wires(&self) -> bool {
        lock(&self.shared.wires).is_some()
    }

    /// What went over the connections, an exchange each: a request and its answer, or a ping.
    pub fn wires(&self) -> Vec<wire::Wire> {
        let wires = lock(&self.shared.wires).clone().unwrap_or_default();
        let wires = wires.into_iter().map(|(_, wire)| wire);
        wires.filter(|wire| !wire.is_empty()).collect()
    }

    /// Closes all open connections and goes on listening, as an idle timeout would.
    pub fn close_connections(&self) {
        for (_, stream) in lock(&self.shared.streams).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.close_connections();
        // accept() has no timeout: a connection of our own ends it.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.acceptor.take() {
            let _ = thread.join();
        }
        self.close_connections();
        // A process that another test is just starting has the listener, too, until it becomes its program:
        // connections would still be taken, by nobody.
        for _ in 0..40 {
            if TcpStream::connect(self.address).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Shared {
    fn new(name: &str, script: Script) -> Shared {
        Shared {
            name: name.to_owned(),
            script: Mutex::new(script),
            requests: Mutex::default(),
            streams: Mutex::default(),
            accepted: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            pings: AtomicUsize::new(0),
            ended: Mutex::default(),
            wires: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Begins another exchange on a connection.
    fn keep_apart(&self, number: usize) {
        if let Some(wires) = lock(&self.wires).as_mut() {
            wires.push((number, wire::Wire::default()));
        }
    }

    /// Keeps bytes of a connection, if anybody wants them.
    fn keep(&self, number: usize, way: wire::Way, bytes: &[u8]) {
        let mut wires = lock(&self.wires);
        let wires = wires.iter_mut().flatten().rev();
        if let Some((_, wire)) = wires.into_iter().find(|(other, _)| *other == number) {
            wire.put(way, bytes);
        }
    }

    /// Records a request; its index among all.
    fn record(&self, mut request: Forwarded) -> usize {
        let mut requests = lock(&self.requests);
        request.number = ARRIVED.fetch_add(1, Ordering::SeqCst);
        requests.push(request);
        requests.len() - 1
    }
}

/// Lines of workers.properties for an ajp13 worker on a port of 127.0.0.1.
pub fn worker_lines(name: &str, port: u16) -> String {
    host_lines(name, (Ipv4Addr::LOCALHOST, port).into())
}

fn host_lines(name: &str, address: SocketAddr) -> String {
    let (host, port) = (address.ip(), address.port());
    format!("worker.{name}.type=ajp13\nworker.{name}.host={host}\nworker.{name}.port={port}\n")
}

/// Sends a CPING to a port of 127.0.0.1 and waits for the CPONG.
pub fn ping(port: u16, limit: Duration) -> Result {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(&packet::CPING)?;
    let mut answer = [0; CPONG.len()];
    stream.read_exact(&mut answer)?;
    ensure!(answer == CPONG, "no CPONG but {answer:02x?}");
    Ok(())
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if shared.is_stopping() {
            break;
        }
        let number = shared.accepted.fetch_add(1, Ordering::SeqCst);
        let Ok(copy) = stream.try_clone() else {
            continue;
        };
        lock(&shared.streams).push((number, copy));
        let shared = Arc::clone(shared);
        threads.push(std::thread::spawn(move || {
            let ending = Connection::new(stream, number, Arc::clone(&shared)).run();
            lock(&shared.streams).retain(|(other, _)| *other != number);
            lock(&shared.ended).push(ending);
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
