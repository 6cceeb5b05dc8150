//! What holds for every socket to a worker.

use socket2::Socket;
use std::io;
use std::time::Duration;

/// How a socket is set up before it connects.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    /// Limit of the connect, for all addresses together.
    pub connect_timeout: Option<Duration>,
    /// `SO_KEEPALIVE`.
    pub keepalive: bool,
    /// `SO_SNDBUF` and `SO_RCVBUF` in bytes.
    pub buffer: Option<usize>,
}

impl SocketOptions {
    pub(super) fn size(&self, socket: &Socket) -> io::Result<()> {
        if let Some(bytes) = self.buffer {
            socket.set_send_buffer_size(bytes)?;
            socket.set_recv_buffer_size(bytes)?;
        }
        Ok(())
    }
}
