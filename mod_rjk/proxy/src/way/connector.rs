//! How a connection to a worker is opened.

use super::connection::Connection;
use super::raw::Raw;
use super::socket::SocketOptions;
use super::stream::Stream;
use super::tcp::Tcp;
use super::tls::{Sessions, TlsContext, TlsError, TlsStream, ends};
use super::unix;
use bstr::BStr;
use rjk_balance::{EndpointSettings, Slots};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};
use thiserror::Error;

/// One read takes in this much, so that several packets of the usual size arrive together.
const RECEIVE_BUFFER: usize = 32 * 1024;

/// How a connection to a worker is opened.
#[derive(Debug)]
pub struct Connector {
    place: Place,
    tls: Option<Tls>,
    /// The host that the worker's certificate is for, unless TLS is set up with another name.
    host: String,
    /// How its sockets are set up.
    pub options: SocketOptions,
    /// Bytes that one read takes in at most.
    pub receive_buffer: usize,
    /// Where open connections are counted, over all children.
    pub counter: Counter,
    /// How often the worker had moved when it listened there.
    pub moves: u32,
}

/// Where a worker listens.
#[derive(Debug)]
enum Place {
    Tcp(Tcp),
    Unix(PathBuf),
}

/// TLS with one worker in this child.
#[derive(Clone, Debug)]
pub struct Tls {
    /// What it is set up with.
    pub context: TlsContext,
    /// Sessions that a new connection may take up.
    pub sessions: Sessions,
}

impl Tls {
    /// TLS without a session yet.
    pub fn new(context: TlsContext) -> Tls {
        Tls {
            context,
            sessions: Sessions::default(),
        }
    }

    /// What is to be known of certificates that end soon after `now`, or have ended.
    pub fn notices(&self, worker: &BStr, now: SystemTime) -> Vec<String> {
        let files = self.context.expiries().iter();
        let files = files.filter_map(|expiry| expiry.warning(now));
        let shown = self.sessions.worker_certificate_end();
        let shown = shown.and_then(|end| ends(end, now));
        let shown = shown.map(|ends| format!("the certificate of worker {worker} {ends}"));
        files.chain(shown).collect()
    }

    fn open(&self, raw: Raw, host: &str, deadline: Option<Instant>) -> Result<TlsStream, TlsError> {
        self.context.connect(raw, host, &self.sessions, deadline)
    }
}

/// The count of open connections of one worker (LB-05).
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// This child's way to the shared slots.
    pub slots: Slots,
    /// The worker's slot.
    pub column: usize,
}

/// A connection could not be opened.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// To a host and port.
    #[error("{0}")]
    Tcp(#[from] io::Error),
    /// To a unix socket.
    #[error("{}: {error}; {seen}", .socket.display())]
    Unix {
        /// The socket.
        socket: PathBuf,
        /// What connect(2) said.
        error: io::Error,
        /// What the file system says of the socket.
        seen: String,
    },
    /// In TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl ConnectError {
    /// The error of the system call, if it was one.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            ConnectError::Tcp(error)
            | ConnectError::Unix { error, .. }
            | ConnectError::Tls(TlsError::Io(error)) => Some(error),
            ConnectError::Tls(_) => None,
        }
    }

    /// As an error of a system call, whatever it was.
    pub fn into_io(self) -> io::Error {
        match self {
            ConnectError::Tcp(error) | ConnectError::Unix { error, .. } => error,
            ConnectError::Tls(error) => error.into(),
        }
    }

    /// What the operator can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            ConnectError::Tls(error) => error.remedy(),
            ConnectError::Tcp(_) => "check that Tomcat runs and that its port is reachable",
            ConnectError::Unix { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                "let httpd's user read and write the socket: unixDomainSocketPathPermissions of Tomcat's connector, the folders above it, and SELinux"
            }
            ConnectError::Unix { .. } => {
                "check that Tomcat runs and that unixDomainSocketPath of its connector is this socket"
            }
        }
    }
}

impl Connector {
    /// The connector of a worker as it is now; `sources` are the local addresses to bind, at most one of
    /// each family. `None` when the worker listens nowhere, or where it must be spoken to in TLS and
    /// there is no `tls`.
    pub fn new(
        settings: &EndpointSettings,
        sources: Vec<SocketAddr>,
        tls: Option<Tls>,
        counter: Counter,
    ) -> Option<Connector> {
        let spec = &settings.spec;
        // Never in clear text what was to be encrypted.
        if spec.way.tls().is_some() && tls.is_none() {
            return None;
        }
        let place = match &spec.way.socket {
            Some(socket) => Place::Unix(socket.clone()),
            None if settings.addresses.is_empty() => return None,
            None => Place::Tcp(Tcp::new(settings.addresses.clone(), sources)),
        };
        Some(Connector {
            place,
            tls,
            host: spec.host.to_string(),
            options: SocketOptions {
                connect_timeout: spec.socket_connect_timeout,
                keepalive: spec.socket_keepalive,
                buffer: spec.socket_buffer,
            },
            receive_buffer: RECEIVE_BUFFER.max(spec.max_packet_size + 4),
            counter,
            moves: settings.moves,
        })
    }

    /// Opens a connection (PL-05).
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn open(&self) -> Result<Connection, ConnectError> {
        let limit = self.options.connect_timeout;
        let deadline = limit.map(|limit| Instant::now() + limit);
        let raw = self.socket()?;
        let stream = match &self.tls {
            None => Stream::Plain(raw),
            Some(tls) => Stream::Tls(Box::new(tls.open(raw, &self.host, deadline)?)),
        };
        let open = self.counter.slots.enter_connection(self.counter.column);
        Ok(Connection::over(
            stream,
            self.receive_buffer,
            open,
            self.moves,
        ))
    }

    fn socket(&self) -> Result<Raw, ConnectError> {
        match &self.place {
            Place::Tcp(tcp) => Ok(Raw::Tcp(tcp.open(&self.options)?)),
            Place::Unix(socket) => {
                unix::open(socket, &self.options)
                    .map(Raw::Unix)
                    .map_err(|error| ConnectError::Unix {
                        socket: socket.clone(),
                        error,
                        seen: unix::seen(socket),
                    })
            }
        }
    }

    /// The address that worked last; `None` for a unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.place {
            Place::Tcp(tcp) => tcp.address(),
            Place::Unix(_) => None,
        }
    }
}

#[cfg(test)]
impl Connector {
    /// As if these were the local addresses to bind.
    pub(crate) fn set_sources(&mut self, sources: Vec<SocketAddr>) {
        if let Place::Tcp(tcp) = &mut self.place {
            tcp.sources = sources;
        }
    }
}
