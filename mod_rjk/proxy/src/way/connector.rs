//! How a connection to a worker is opened.

use super::connection::Connection;
use rjk_balance::Slots;
use rjk_config::model::AjpSpec;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One read takes in this much, so that several packets of the usual size arrive together.
const RECEIVE_BUFFER: usize = 32 * 1024;

/// How a connection to a worker is opened.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Where the worker listens.
    pub address: SocketAddr,
    /// Local address to bind.
    pub source: Option<SocketAddr>,
    /// Limit of the connect.
    pub connect_timeout: Option<Duration>,
    /// `SO_KEEPALIVE`.
    pub keepalive: bool,
    /// `SO_SNDBUF` and `SO_RCVBUF` in bytes.
    pub buffer: Option<usize>,
    /// Bytes that one read takes in at most.
    pub receive_buffer: usize,
    /// Where open connections are counted, over all children.
    pub counter: Counter,
}

/// The count of open connections of one worker (LB-05).
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// This child's way to the shared slots.
    pub slots: Slots,
    /// The worker's slot.
    pub column: usize,
}

impl Connector {
    /// The connector of a worker that listens at `address`.
    pub fn new(
        spec: &AjpSpec,
        address: SocketAddr,
        source: Option<SocketAddr>,
        counter: Counter,
    ) -> Connector {
        Connector {
            address,
            source,
            connect_timeout: spec.socket_connect_timeout,
            keepalive: spec.socket_keepalive,
            buffer: spec.socket_buffer,
            receive_buffer: RECEIVE_BUFFER.max(spec.max_packet_size + 4),
            counter,
        }
    }

    /// Opens a connection (PL-05).
    ///
    /// # Errors
    /// What the socket calls return; `TimedOut` after the connect timeout.
    pub fn open(&self) -> io::Result<Connection> {
        let socket = Socket::new(
            Domain::for_address(self.address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_tcp_nodelay(true)?;
        socket.set_keepalive(self.keepalive)?;
        if let Some(bytes) = self.buffer {
            socket.set_send_buffer_size(bytes)?;
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(source) = self.source {
            socket.bind(&source.into())?;
        }
        match self.connect_timeout {
            Some(limit) => socket.connect_timeout(&self.address.into(), limit)?,
            None => connect_patiently(&socket, self.address)?,
        }
        let open = self.counter.slots.enter_connection(self.counter.column);
        Ok(Connection::over(
            TcpStream::from(socket),
            self.receive_buffer,
            open,
        ))
    }
}

/// A blocking connect that a signal does not end early.
fn connect_patiently(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match socket.connect(&address.into()) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            let mut fds = [rustix::event::PollFd::new(
                socket,
                rustix::event::PollFlags::OUT,
            )];
            while let Err(error) = rustix::event::poll(&mut fds, None) {
                if error != rustix::io::Errno::INTR {
                    return Err(error.into());
                }
            }
            socket.take_error()?.map_or(Ok(()), Err)
        }
        result => result,
    }
}
