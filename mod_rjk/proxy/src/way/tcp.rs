//! To a host and port: its addresses in turn, the one that worked last first.

use super::exhaustion::Exhaustion;
use super::socket::SocketOptions;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Where a worker listens.
#[derive(Debug)]
pub(super) struct Tcp {
    /// In the order in which they are tried.
    addresses: Vec<SocketAddr>,
    /// Index of the address that worked last.
    working: AtomicUsize,
    /// Local addresses to bind, at most one of each family.
    pub(super) sources: Vec<SocketAddr>,
}

impl Tcp {
    pub(super) fn new(addresses: Vec<SocketAddr>, sources: Vec<SocketAddr>) -> Tcp {
        Tcp {
            addresses,
            working: AtomicUsize::new(0),
            sources,
        }
    }

    /// Opens a stream (PL-05): to the address that worked last, else to the others in turn.
    ///
    /// # Errors
    /// What the socket calls return, of several addresses what says most of the worker; `TimedOut`
    /// after the connect timeout.
    pub(super) fn open(&self, options: &SocketOptions) -> io::Result<TcpStream> {
        let deadline = options.connect_timeout.map(|limit| Instant::now() + limit);
        let first = self.working.load(Ordering::Relaxed);
        let others = (0..self.addresses.len()).filter(|index| *index != first);
        let mut failed = None;
        for (tried, index) in std::iter::once(first).chain(others).enumerate() {
            let shares = self.addresses.len().saturating_sub(tried);
            let limit = share(deadline, shares, Instant::now());
            match self.connect(index, limit, options) {
                Ok(socket) => {
                    if index != first {
                        self.working.store(index, Ordering::Relaxed);
                    }
                    return Ok(socket.into());
                }
                Err(error) if concerns_all(&error) => return Err(error),
                Err(error) => failed = Some(more_telling(failed, self.told(index, error))),
            }
        }
        Err(failed.map_or_else(|| io::ErrorKind::NotFound.into(), |told| told.error))
    }

    /// The address that worked last.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        let working = self.working.load(Ordering::Relaxed);
        self.addresses.get(working).copied()
    }

    fn told(&self, index: usize, error: io::Error) -> Told {
        let is_ipv6 = self.addresses.get(index).is_some_and(SocketAddr::is_ipv6);
        Told::by(is_ipv6, error)
    }

    fn connect(
        &self,
        index: usize,
        limit: Option<Duration>,
        options: &SocketOptions,
    ) -> io::Result<Socket> {
        let address = self.addresses.get(index).copied();
        let address = address.ok_or(io::ErrorKind::NotFound)?;
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_tcp_nodelay(true)?;
        socket.set_keepalive(options.keepalive)?;
        options.size(&socket)?;
        let same_family = |source: &&SocketAddr| source.is_ipv6() == address.is_ipv6();
        if let Some(source) = self.sources.iter().find(same_family) {
            bind(&socket, *source)?;
        }
        match limit {
            Some(limit) if limit.is_zero() => return Err(io::ErrorKind::TimedOut.into()),
            Some(limit) => socket.connect_timeout(&address.into(), limit)?,
            None => connect_patiently(&socket, address)?,
        }
        Ok(socket)
    }
}

/// a source that this host does not have (any more, or yet: it may move between hosts) does not keep
/// the worker from being reached. The start warns of it.
fn bind(socket: &Socket, source: SocketAddr) -> io::Result<()> {
    match socket.bind(&source.into()) {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => Ok(()),
        done => done,
    }
}

/// The part of the time left that the next of `shares` addresses gets: one that does not answer at all
/// leaves some for the others.
fn share(deadline: Option<Instant>, shares: usize, now: Instant) -> Option<Duration> {
    let left = deadline?.saturating_duration_since(now);
    Some(left / u32::try_from(shares.max(1)).unwrap_or(u32::MAX))
}

/// Whether another address of the same worker would meet the same want.
fn concerns_all(error: &io::Error) -> bool {
    matches!(
        Exhaustion::of(error),
        Some(Exhaustion::Descriptors | Exhaustion::Files | Exhaustion::Memory)
    )
}

/// What the failure at one address is worth.
#[derive(Debug)]
struct Told {
    weight: Weight,
    error: io::Error,
}

/// In the order of what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// This host has no addresses of that family: nothing of the worker.
    Family,
    /// Of the worker, at this address.
    Worker,
    /// This host ran out of ports: why the worker's other address refuses is then no question, it may
    /// well not listen there.
    Host,
}

impl Told {
    fn by(is_ipv6: bool, error: io::Error) -> Told {
        let no_family = Errno::from_io_error(&error) == Some(Errno::AFNOSUPPORT);
        let weight = match Exhaustion::of(&error) {
            // What a host without IPv6 says to ::1.
            Some(_) if is_ipv6 => Weight::Family,
            Some(_) => Weight::Host,
            None if no_family => Weight::Family,
            None => Weight::Worker,
        };
        Told { weight, error }
    }
}

/// The failure that says more; the first of equals, for it was tried first.
fn more_telling(before: Option<Told>, told: Told) -> Told {
    match before {
        Some(before) if before.weight >= told.weight => before,
        _ => told,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a06_addresses_share_the_time() {
        let now = Instant::now();
        let limit = Some(now + Duration::from_secs(6));
        let seconds = |left| Some(Duration::from_secs(left));
        assert_eq!(share(limit, 3, now), seconds(2));
        assert_eq!(share(limit, 2, now + Duration::from_secs(2)), seconds(2));
        assert_eq!(share(limit, 1, now + Duration::from_secs(2)), seconds(4));
        assert_eq!(share(limit, 1, now + Duration::from_secs(9)), seconds(0));
        assert_eq!(share(None, 2, now), None);
    }

    #[test]
    fn a_missing_family_hides_no_refusal_and_a_refusal_no_want_of_this_host() {
        // IPv6, what it said; IPv6, what it said; what is told of the two.
        let rows = [
            (
                (false, Errno::CONNREFUSED),
                (true, Errno::ADDRNOTAVAIL),
                Errno::CONNREFUSED,
            ),
            (
                (true, Errno::ADDRNOTAVAIL),
                (false, Errno::CONNREFUSED),
                Errno::CONNREFUSED,
            ),
            (
                (true, Errno::AFNOSUPPORT),
                (false, Errno::CONNREFUSED),
                Errno::CONNREFUSED,
            ),
            (
                (false, Errno::CONNREFUSED),
                (true, Errno::TIMEDOUT),
                Errno::CONNREFUSED,
            ),
            (
                (false, Errno::ADDRNOTAVAIL),
                (true, Errno::CONNREFUSED),
                Errno::ADDRNOTAVAIL,
            ),
            (
                (true, Errno::CONNREFUSED),
                (false, Errno::ADDRNOTAVAIL),
                Errno::ADDRNOTAVAIL,
            ),
        ];
        for (first, second, said) in rows {
            let by = |(is_ipv6, errno): (bool, Errno)| Told::by(is_ipv6, errno.into());
            let told = more_telling(Some(by(first)), by(second));
            assert_eq!(
                Errno::from_io_error(&told.error),
                Some(said),
                "{first:?} {second:?}"
            );
        }
    }
}
