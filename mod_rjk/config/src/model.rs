//! What a configuration means, once it was read: the only form the other crates see.
//!
//! Names and values keep their bytes ([`BString`]): mod_jk's files know no encoding.

use bstr::BString;
use std::time::Duration;

/// One worker of `worker.list`, or a member of a balancer (contract row W-03).
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerSpec {
    /// `type=ajp13`: one Tomcat.
    Ajp(AjpSpec),
    /// `type=lb`: a balancer over ajp13 workers.
    Lb(LbSpec),
    /// `type=status`: the status page.
    Status(StatusSpec),
}

impl WorkerSpec {
    /// The worker's name.
    pub fn name(&self) -> &BString {
        match self {
            WorkerSpec::Ajp(spec) => &spec.name,
            WorkerSpec::Lb(spec) => &spec.name,
            WorkerSpec::Status(spec) => &spec.name,
        }
    }

    /// The value of the note `JK_WORKER_TYPE` (contract row T-02).
    pub fn type_name(&self) -> &'static str {
        match self {
            WorkerSpec::Ajp(_) => "ajp13",
            WorkerSpec::Lb(_) => "lb",
            WorkerSpec::Status(_) => "status",
        }
    }
}

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
    /// How long the interval mode waits for CPONG.
    pub timeout: Duration,
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

/// A balancer (contract §2.5).
#[derive(Clone, Debug, PartialEq)]
pub struct LbSpec {
    /// Worker name.
    pub name: BString,
    /// Members in configuration order.
    pub members: Vec<MemberSpec>,
    /// Sessions stick to their member (L-02).
    pub sticky_session: bool,
    /// A request whose member is unusable fails with 503 (L-03).
    pub sticky_session_force: bool,
    /// How the least loaded member is found (L-04).
    pub method: BalanceMethod,
    /// Rounds over the members, at least 1 (L-06).
    pub retries: u32,
    /// Member attempts in one round, at least 1 (L-07).
    pub lb_retries: u32,
    /// Pause between rounds (L-08).
    pub retry_interval: Duration,
    /// Shortest time in error, at least 1 s (L-09).
    pub recover_time: Duration,
    /// From a local to a global error (L-10).
    pub error_escalation_time: Duration,
    /// A member fails when it has more reply timeouts than this (L-11).
    pub max_reply_timeouts: u32,
    /// Cookie that holds the session id (L-12).
    pub session_cookie: BString,
    /// Path parameter that holds the session id, with its `;` (L-13).
    pub session_path: BString,
    /// Add a session cookie of our own (L-14).
    pub set_session_cookie: bool,
    /// Path of that cookie (L-15).
    pub session_cookie_path: BString,
}

/// A member of a balancer: an ajp13 worker and its part in the balancer (A-27…A-32).
#[derive(Clone, Debug, PartialEq)]
pub struct MemberSpec {
    /// The worker.
    pub ajp: AjpSpec,
    /// Share of the load, at least 1.
    pub lbfactor: u32,
    /// Lower distances are preferred.
    pub distance: i32,
    /// The jvmRoute of its Tomcat.
    pub route: BString,
    /// Replication domain.
    pub domain: Option<BString>,
    /// Route of the member that takes over.
    pub redirect: Option<BString>,
    /// Configured activation.
    pub activation: Activation,
}

/// Whether a member takes requests (ST-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// All requests.
    #[default]
    Active,
    /// Only requests of sessions it has.
    Disabled,
    /// None.
    Stopped,
}

impl Activation {
    /// `ACT`, `DIS` or `STP`: the text in notes and in `JK_LB_ACTIVATION` (AT-14).
    pub fn as_str(self) -> &'static str {
        match self {
            Activation::Active => "ACT",
            Activation::Disabled => "DIS",
            Activation::Stopped => "STP",
        }
    }
}

/// How the least loaded member is found (contract §4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BalanceMethod {
    /// By requests.
    #[default]
    Request,
}

/// The status worker (contract §2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSpec {
    /// Worker name.
    pub name: BString,
    /// Stylesheet address (S-01).
    pub css: Option<BString>,
    /// Shown in the title; the page is read-only anyway (S-02).
    pub read_only: bool,
    /// Users that may see it; empty means everybody (S-03).
    pub users: Vec<BString>,
    /// Compare users without case (S-04).
    pub user_case_insensitive: bool,
}

/// What a mount rule or `JK_WORKER_NAME` adds after `;` (contract §3.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleExtensions {
    /// Replaces the worker's reply timeout; zero switches it off.
    pub reply_timeout: Option<Duration>,
    /// Ignore the session's route.
    pub sticky_ignore: bool,
    /// Does not count as a new session and ignores the load.
    pub stateless: bool,
    /// Members whose activation is overridden for this rule, in effect order: the last entry of a name wins.
    pub activation: Vec<(BString, Activation)>,
    /// Replaces the worker's list when not `None`.
    pub fail_on_status: Option<Vec<FailStatus>>,
    /// Statuses from here on are answered by httpd's ErrorDocument.
    pub use_server_errors: Option<u16>,
    /// Cookie name to read the session from.
    pub session_cookie: Option<BString>,
    /// Path parameter to read the session from.
    pub session_path: Option<BString>,
    /// Add a session cookie of our own.
    pub set_session_cookie: bool,
    /// Path of that cookie (X-10, BG-07).
    pub session_cookie_path: Option<BString>,
}
