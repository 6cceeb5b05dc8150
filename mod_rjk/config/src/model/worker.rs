//! An ajp13 worker.

use super::way::Way;
use bstr::BString;
use std::time::Duration;

/// An ajp13 worker (contract §2.3).
#[derive(Clone, Debug, PartialEq)]
pub struct AjpSpec {
    /// Worker name, at most 63 bytes (P-13).
    pub name: BString,
    /// Host name or address literal.
    pub host: BString,
    /// TCP port; 0 means that the worker is not to be contacted.
    pub port: u16,
    /// Prefer an IPv6 address when the host has several (A-03, BG-12).
    pub prefer_ipv6: bool,
    /// Local address to bind.
    pub source: Option<BString>,
    /// Limit of each receive and send on the socket.
    pub socket_timeout: Option<Duration>,
    /// Limit of the TCP connect; the socket timeout when the file sets none.
    pub socket_connect_timeout: Option<Duration>,
    /// `SO_KEEPALIVE`.
    pub socket_keepalive: bool,
    /// `SO_SNDBUF` and `SO_RCVBUF` in bytes.
    pub socket_buffer: Option<usize>,
    /// When a connection is checked with CPING.
    pub ping: PingSpec,
    /// The connection pool of each child.
    pub pool: PoolSpec,
    /// Longest gap before each packet from Tomcat.
    pub reply_timeout: Option<Duration>,
    /// Attempts on this worker for one service call, at least 1.
    pub retries: u32,
    /// Pause before the second and later attempts.
    pub retry_interval: Duration,
    /// What may be repeated (A-21, contract §4.8).
    pub recovery_options: RecoveryOptions,
    /// Statuses from Tomcat that count as a failure of the worker.
    pub fail_on_status: Vec<FailStatus>,
    /// More than this many requests in flight, over all children, are refused.
    pub busy_limit: Option<u32>,
    /// Largest AJP packet in bytes, 8192..=65536, a multiple of 1024.
    pub max_packet_size: usize,
    /// The `secret` request attribute, the balancer's when the member has none (L-16).
    pub secret: Option<BString>,
    /// How it is reached; `port` is then the one of this protocol.
    pub way: Way,
}

/// The three CPING modes (A-09…A-13); a mode that is `None` is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PingSpec {
    /// After connect: how long to wait for CPONG.
    pub connect: Option<Duration>,
    /// Before each request on a pooled connection.
    pub prepost: Option<Duration>,
    /// In maintenance, for connections idle longer than this.
    pub interval: Option<Duration>,
    /// How long the interval mode waits for CPONG; an explicit zero stays zero and is
    /// [`PingSpec::wait`]ed as the default.
    pub timeout: Duration,
}

impl PingSpec {
    /// How long the interval mode waits when nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// How long the interval mode waits for CPONG.
    pub fn wait(&self) -> Duration {
        if self.timeout.is_zero() {
            return Self::DEFAULT_TIMEOUT;
        }
        self.timeout
    }
}

/// The connection pool of one worker in one child (A-14…A-17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSpec {
    /// Most connections at the same time; 0 means that every request gets 503; `None` = threads per child.
    pub size: Option<u32>,
    /// Maintenance keeps at least this many open; `None` = half of the size, rounded up.
    pub min_size: Option<u32>,
    /// Idle connections are closed after this long.
    pub timeout: Option<Duration>,
    /// How long a request waits for a free place; zero means one immediate try (A-17, BG-09).
    pub acquire_timeout: Duration,
}

/// The bits of `recovery_options` (contract §4.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoveryOptions {
    /// The bits as the file has them; `None` when the file has none.
    pub explicit: Option<u32>,
}

impl RecoveryOptions {
    fn bit(self, bit: u32) -> bool {
        self.explicit.unwrap_or(0) & bit != 0
    }
    /// RO-01: no retry when Tomcat failed after the request was sent.
    pub fn no_retry_after_request(self) -> bool {
        self.bit(1)
    }
    /// RO-02: no retry when Tomcat failed after headers arrived.
    pub fn no_retry_after_headers(self) -> bool {
        self.bit(2)
    }
    /// RO-03: close the connection abruptly when the client failed.
    pub fn abort_on_client_error(self) -> bool {
        self.bit(4)
    }
    /// RO-04: HEAD is retried in spite of bit 1.
    pub fn always_retry_head(self) -> bool {
        self.bit(8)
    }
    /// RO-05: GET is retried in spite of bit 1.
    pub fn always_retry_get(self) -> bool {
        self.bit(16)
    }
    /// The file asks, with an explicit 0, for mod_jk's replay of methods that are not safe to repeat.
    pub fn replay_any_method(self) -> bool {
        self.explicit == Some(0)
    }
}

/// One entry of `fail_on_status` (RO-08).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailStatus {
    /// The HTTP status.
    pub status: u16,
    /// Written with a minus sign: the member stays usable for others.
    pub soft: bool,
}
