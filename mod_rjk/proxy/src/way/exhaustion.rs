//! What this host can run out of while it talks to a worker: never the worker's fault.

use rustix::io::Errno;
use std::io;

/// What ran out, by the error of a system call (socket(2), connect(2), send(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhaustion {
    /// `EMFILE`: file descriptors of this process.
    Descriptors,
    /// `ENFILE`: open files of this host.
    Files,
    /// `EADDRNOTAVAIL`, `EADDRINUSE`: local ports.
    Ports,
    /// `ENOBUFS`, `ENOMEM`: memory of the kernel.
    Memory,
}

impl Exhaustion {
    /// What `error` says of this host; `None` when it speaks of the worker or of the way to it.
    pub fn of(error: &io::Error) -> Option<Exhaustion> {
        Some(match Errno::from_io_error(error)? {
            Errno::MFILE => Exhaustion::Descriptors,
            Errno::NFILE => Exhaustion::Files,
            Errno::ADDRNOTAVAIL | Errno::ADDRINUSE => Exhaustion::Ports,
            Errno::NOBUFS | Errno::NOMEM => Exhaustion::Memory,
            _ => return None,
        })
    }

    /// What ran out, for a message.
    pub fn what(self) -> &'static str {
        match self {
            Exhaustion::Descriptors => "file descriptors of this httpd process",
            Exhaustion::Files => "open files of this host",
            Exhaustion::Ports => "local ports of this host",
            Exhaustion::Memory => "network memory of this host",
        }
    }

    /// What the operator can do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Exhaustion::Descriptors => {
                "raise the limit of open files (LimitNOFILE of the service, ulimit -n), or lower connection_pool_size"
            }
            Exhaustion::Files => "raise fs.file-max, or see which process holds so many files",
            Exhaustion::Ports => {
                "widen net.ipv4.ip_local_port_range, and let connections be used again"
            }
            Exhaustion::Memory => "see this host's memory, net.ipv4.tcp_mem and socket_buffer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_this_host_are_told_from_the_workers() {
        let rows = [
            (Errno::MFILE, Some(Exhaustion::Descriptors)),
            (Errno::NFILE, Some(Exhaustion::Files)),
            (Errno::NOBUFS, Some(Exhaustion::Memory)),
            (Errno::NOMEM, Some(Exhaustion::Memory)),
            (Errno::ADDRNOTAVAIL, Some(Exhaustion::Ports)),
            (Errno::ADDRINUSE, Some(Exhaustion::Ports)),
            (Errno::CONNREFUSED, None),
            (Errno::CONNRESET, None),
            (Errno::PIPE, None),
            (Errno::TIMEDOUT, None),
            (Errno::HOSTUNREACH, None),
            (Errno::NETUNREACH, None),
        ];
        for (errno, expected) in rows {
            assert_eq!(Exhaustion::of(&errno.into()), expected, "{errno:?}");
        }
        let own = io::Error::new(io::ErrorKind::TimedOut, "connect");
        assert_eq!(Exhaustion::of(&own), None);
    }
}
