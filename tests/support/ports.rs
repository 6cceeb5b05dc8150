//! Free loopback ports.
//!
//! The kernel picks a port (bind to 0); this module only makes sure that no two callers in this
//! process get the same one. Between the pick and the use another process may take it, so starters
//! of servers call [`with_retry`].

use crate::{Result, wait};
use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

static TAKEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// Attempts of [`with_retry`].
const ATTEMPTS: u32 = 4;

/// A TCP port of 127.0.0.1 that is free now and was never handed out before in this process.
pub fn free() -> Result<u16> {
    // Listeners of ports that were handed out already stay open until the end of the search, so
    // that the kernel has to offer another one.
    let mut refused = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        if claim(port) {
            return Ok(port);
        }
        refused.push(listener);
    }
}

/// Marks a port as used, for listeners that bound to port 0 themselves; false if it was before.
pub fn claim(port: u16) -> bool {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    taken.get_or_insert_default().insert(port)
}

/// Runs `start` with a fresh port, again with another one when the error says that it was taken.
pub fn with_retry<T>(mut start: impl FnMut(u16) -> Result<T>) -> Result<T> {
    for _ in 1..ATTEMPTS {
        match start(free()?) {
            Err(error) if lost_race(&format!("{error:#}")) => {}
            result => return result,
        }
    }
    start(free()?)
}

fn lost_race(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("address already in use") || message.contains("could not bind to address")
}

/// Holds a port that was just given up: nobody listens, so connections are refused, and nobody else gets
/// it meanwhile.
pub fn hold(port: u16) -> Result<socket2::Socket> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    // A process that another test is just starting may still hold a copy of the listener.
    wait::until("the port is free", wait::SOON, || {
        socket.bind(&address.into()).is_ok()
    })?;
    Ok(socket)
}

/// A port that refuses connections as long as this lives.
pub struct Refusing {
    /// Its number.
    pub port: u16,
    _held: socket2::Socket,
}

/// A port of 127.0.0.1 where nobody listens, and where no other test begins to.
pub fn refusing() -> Result<Refusing> {
    let port = free()?;
    let held = hold(port)?;
    Ok(Refusing { port, _held: held })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_unique() {
        let ports: HashSet<u16> = (0..50).map(|_| free().unwrap()).collect();
        assert_eq!(ports.len(), 50);
    }

    #[test]
    fn a_lost_race_is_retried_and_another_error_is_not() {
        let mut calls = 0;
        let port = with_retry(|port| {
            calls += 1;
            anyhow::ensure!(calls > 2, "Address already in use");
            Ok(port)
        });
        assert!(port.is_ok());
        assert_eq!(calls, 3);
        let mut calls = 0;
        let failed: Result = with_retry(|_| {
            calls += 1;
            anyhow::bail!("syntax error")
        });
        assert!(failed.is_err());
        assert_eq!(calls, 1);
    }
}
