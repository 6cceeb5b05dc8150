//! A connection whose two sides agreed on another protocol, WebSocket for instance: what each side
//! sends goes to the other, and nobody looks at it.

mod lane;
mod places;
mod relay;
#[cfg(test)]
mod tests;

pub(crate) use places::{TunnelPlace, Tunnels};
pub use relay::relay;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;
use thiserror::Error;

/// One side of a tunnel. Nothing here waits: where std's methods of the same name would, these fail
/// with [`WouldBlock`](io::ErrorKind::WouldBlock).
pub trait TunnelEnd {
    /// Reads, and first of all what was received before: behind the head, or decrypted already.
    /// `Ok(0)` is the end of what this side sends.
    ///
    /// # Errors
    /// `WouldBlock` while there is nothing, and only then is [`TunnelEnd::descriptor`] waited for; any
    /// other error ends the tunnel.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Takes bytes for this side, some of them at least.
    ///
    /// # Errors
    /// `WouldBlock` when it takes none now; any other error ends the tunnel.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Sends what [`TunnelEnd::write`] took and keeps.
    ///
    /// # Errors
    /// `WouldBlock` while some of it is left: nothing more is written before it went out.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Tells this side that nothing more comes; called once, with nothing left to flush.
    ///
    /// # Errors
    /// The connection is broken, which ends the tunnel.
    fn end_writing(&mut self) -> io::Result<()>;

    /// Whether this side may go on sending after [`TunnelEnd::end_writing`].
    fn half_closes(&self) -> bool {
        true
    }

    /// What becomes readable or writable when it is worth another try; `None` when nothing more
    /// comes from this side and writing to it waits by itself.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

/// What ends a tunnel that nobody closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TunnelLimits {
    /// The longest time in which nothing moves.
    pub idle: Duration,
    /// How long it may go on after its process was asked to end.
    pub after_stop: Duration,
}

/// How a tunnel ended.
#[derive(Debug)]
pub struct Tunnelled {
    /// Why.
    pub ending: TunnelEnding,
    /// Bytes that the client got.
    pub to_client: u64,
    /// Bytes that the worker got.
    pub to_worker: u64,
    /// From the head to the end.
    pub lasted: Duration,
}

/// Why a tunnel ended.
#[derive(Debug, Error)]
pub enum TunnelEnding {
    /// There was none: the client cannot be told of the other protocol, and saw nothing.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// The client closed first.
    #[error("the client closed it")]
    ClientClosed,
    /// The worker closed first.
    #[error("the worker closed it")]
    WorkerClosed,
    /// Nothing moved for so long.
    #[error("nothing moved for {0:?}")]
    Idle(Duration),
    /// The process is to end.
    #[error("httpd stops")]
    Stopped,
    /// The client's connection broke.
    #[error("the client's connection broke: {0}")]
    ClientBroke(#[source] io::Error),
    /// The worker's connection broke.
    #[error("the worker's connection broke: {0}")]
    WorkerBroke(#[source] io::Error),
}

impl Tunnelled {
    /// Nothing was sent to the client.
    pub fn refused(why: &'static str) -> Tunnelled {
        Tunnelled {
            ending: TunnelEnding::Refused(why),
            to_client: 0,
            to_worker: 0,
            lasted: Duration::ZERO,
        }
    }
}
