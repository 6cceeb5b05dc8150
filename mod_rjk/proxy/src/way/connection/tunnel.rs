//! A connection as one end of a tunnel.

use super::Connection;
use crate::tunnel::TunnelEnd;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

impl TunnelEnd for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let pending = self.received.pending();
        if !pending.is_empty() {
            let taken = pending.len().min(buffer.len());
            buffer[..taken].copy_from_slice(&pending[..taken]);
            self.consume(taken);
            return Ok(taken);
        }
        if let Some(error) = self.failure() {
            return Err(error);
        }
        let read = self.stream.read_now(buffer)?;
        self.moved.read += read as u64;
        Ok(read)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.stream.write_now(bytes)?;
        self.moved.sent += sent as u64;
        Ok(sent)
    }

    fn end_writing(&mut self) -> io::Result<()> {
        self.stream.end_writing()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.stream.raw().as_fd())
    }
}
