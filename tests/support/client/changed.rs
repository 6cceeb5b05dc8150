//! A connection after the change of its protocol.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;

/// A connection that is HTTP's no more.
#[derive(Debug)]
pub struct Changed(pub(super) BufReader<TcpStream>);

impl Changed {
    /// The socket.
    pub fn socket(&self) -> &TcpStream {
        self.0.get_ref()
    }

    /// Another handle of it, to read and write at once; what was read ahead stays with the first.
    pub fn try_clone(&self) -> io::Result<Changed> {
        Ok(Changed(BufReader::new(self.socket().try_clone()?)))
    }
}

impl Read for Changed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Changed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
