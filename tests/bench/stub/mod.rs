//! The backend of constant time: one thread that answers every request at once, always the same, in
//! AJP and in HTTP, each over TCP and over a unix socket.
//!
//! One thread, so that a thousand members with their connections are no thousand threads.

mod answer;
mod connection;
mod speech;

use answer::Answer;
use connection::{Connection, Stream};
use rjk_testbed::tempdir::Dir;
use rjk_testbed::{Result, ports};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use speech::Speech;
use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;

/// The end of the stub among the events, and the first number of a connection.
const STOP: u64 = 0;
const FIRST: u64 = 100;

/// A running one; it ends on drop.
pub struct Stub {
    /// Port of the AJP one.
    pub ajp: u16,
    /// Socket of the AJP one.
    pub ajp_socket: PathBuf,
    /// Port of the HTTP one.
    pub http: u16,
    /// Socket of the HTTP one.
    pub http_socket: PathBuf,
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<Result>>,
    _folder: Dir,
}

impl Stub {
    /// Starts one that takes bodies of `upload` bytes and answers with `answer` bytes.
    pub fn start(upload: u64, answer: u64) -> Result<Stub> {
        let folder = Dir::new("bench")?;
        let tcp = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (ajp, http) = (tcp()?, tcp()?);
        let (ajp_port, http_port) = (ajp.local_addr()?.port(), http.local_addr()?.port());
        ports::claim(ajp_port);
        ports::claim(http_port);
        let (ajp_socket, http_socket) = (folder.join("ajp"), folder.join("http"));
        let listeners = vec![
            (Listener::Tcp(ajp), Kind::Ajp),
            (Listener::Tcp(http), Kind::Http),
            (at_socket(&ajp_socket)?, Kind::Ajp),
            (at_socket(&http_socket)?, Kind::Http),
        ];
        let (stop, stopped) = UnixStream::pair()?;
        let mut server = Server::new(listeners, upload, answer, stopped)?;
        Ok(Stub {
            ajp: ajp_port,
            ajp_socket,
            http: http_port,
            http_socket,
            stop: Some(stop),
            thread: Some(std::thread::spawn(move || server.run())),
            _folder: folder,
        })
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop.take();
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(Ok(())))), "the stub: {ended:?}");
        }
    }
}

/// Everybody may connect: httpd's children are another user.
fn at_socket(path: &PathBuf) -> Result<Listener> {
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o666))?;
    Ok(Listener::Unix(listener))
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

#[derive(Clone, Copy)]
enum Kind {
    Ajp,
    Http,
}

impl Listener {
    fn accept(&self) -> std::io::Result<Stream> {
        Ok(match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                Stream::Tcp(stream)
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Stream::Unix(stream)
            }
        })
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix(listener) => listener.as_fd(),
        }
    }
}

/// What the thread has.
struct Server {
    epoll: OwnedFd,
    listeners: Vec<(Listener, Kind)>,
    connections: HashMap<u64, Connection>,
    next: u64,
    upload: u64,
    ajp: Answer,
    http: Answer,
    buffer: Vec<u8>,
    _stopped: UnixStream,
}

impl Server {
    fn new(
        listeners: Vec<(Listener, Kind)>,
        upload: u64,
        answer: u64,
        stopped: UnixStream,
    ) -> Result<Server> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &stopped, EventData::new_u64(STOP), EventFlags::IN)?;
        for (number, (listener, _)) in (STOP + 1..).zip(&listeners) {
            epoll::add(&epoll, listener, EventData::new_u64(number), EventFlags::IN)?;
        }
        Ok(Server {
            epoll,
            listeners,
            connections: HashMap::new(),
            next: FIRST,
            upload,
            ajp: Answer::ajp(answer),
            http: Answer::http(answer),
            buffer: vec![0; 256 << 10],
            _stopped: stopped,
        })
    }

    fn run(&mut self) -> Result {
        let mut events = Vec::with_capacity(256);
        loop {
            match epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                None,
            ) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                match event.data.u64() {
                    STOP => return Ok(()),
                    number if number < FIRST => self.accept(number)?,
                    number => self.go_on(number),
                }
            }
        }
    }

    fn accept(&mut self, number: u64) -> Result {
        let (listener, kind) = &self.listeners[usize::try_from(number - STOP - 1)?];
        // Who gave up before being accepted is no reason to end.
        let Ok(stream) = listener.accept() else {
            return Ok(());
        };
        let (speech, answer) = match kind {
            Kind::Ajp => (Speech::ajp(self.upload), &self.ajp),
            Kind::Http => (Speech::http(self.upload), &self.http),
        };
        let data = EventData::new_u64(self.next);
        epoll::add(&self.epoll, &stream, data, EventFlags::IN)?;
        let connection = Connection::new(self.next, stream, speech, answer.clone());
        self.connections.insert(self.next, connection);
        self.next += 1;
        Ok(())
    }

    /// A connection that ended or said what nobody understands is closed.
    fn go_on(&mut self, number: u64) {
        let Some(connection) = self.connections.get_mut(&number) else {
            return;
        };
        if connection.go_on(&self.epoll, &mut self.buffer).is_err() {
            self.connections.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests;
