//! A balancer and its members.

use super::worker::AjpSpec;
use bstr::BString;
use std::time::Duration;

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
    /// What selection locks (L-05).
    pub lock: Lock,
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
    /// All of them, in the order of the numbers that stand for them (V-10).
    pub const ALL: [Activation; 3] = [
        Activation::Active,
        Activation::Disabled,
        Activation::Stopped,
    ];

    /// Reads a word of a file or of a status request: its first letter or number counts (A-32, V-10).
    pub fn parse(word: &[u8]) -> Option<Activation> {
        match word.first()? {
            b'a' | b'A' | b'0' => Some(Activation::Active),
            b'd' | b'D' | b'1' => Some(Activation::Disabled),
            b's' | b'S' | b'2' => Some(Activation::Stopped),
            _ => None,
        }
    }

    /// `ACT`, `DIS` or `STP`: the text in notes and in `JK_LB_ACTIVATION` (AT-14).
    pub fn as_str(self) -> &'static str {
        match self {
            Activation::Active => "ACT",
            Activation::Disabled => "DIS",
            Activation::Stopped => "STP",
        }
    }
}

/// How the least loaded member is found (contract §4.2): what a member's load is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BalanceMethod {
    /// Requests (LB-10).
    #[default]
    Request,
    /// Bytes, both ways (LB-11).
    Traffic,
    /// Requests in flight (LB-12).
    Busyness,
    /// Requests without a session (LB-13).
    Session,
    /// As sessions, but old load is forgotten in another way (LB-14).
    Next,
}

impl BalanceMethod {
    /// All methods, in the order of mod_jk's numbers.
    pub const ALL: [BalanceMethod; 5] = [
        BalanceMethod::Request,
        BalanceMethod::Traffic,
        BalanceMethod::Busyness,
        BalanceMethod::Session,
        BalanceMethod::Next,
    ];

    /// Reads a word of a file or of a status request: its first letter or number counts (L-04).
    pub fn parse(word: &[u8]) -> Option<BalanceMethod> {
        let found = match word.first()? {
            b'r' | b'R' | b'0' => BalanceMethod::Request,
            b't' | b'T' | b'1' => BalanceMethod::Traffic,
            b'b' | b'B' | b'2' => BalanceMethod::Busyness,
            b's' | b'S' | b'3' => BalanceMethod::Session,
            b'n' | b'N' | b'4' => BalanceMethod::Next,
            _ => return None,
        };
        Some(found)
    }

    /// The word that the status worker prints (OUT-05).
    pub fn as_str(self) -> &'static str {
        match self {
            BalanceMethod::Request => "Request",
            BalanceMethod::Traffic => "Traffic",
            BalanceMethod::Busyness => "Busyness",
            BalanceMethod::Session => "Sessions",
            BalanceMethod::Next => "Next",
        }
    }
}

/// What selection and counters are to lock (L-05). It is kept for the status worker: all counters
/// are atomic, so neither value takes a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lock {
    /// A lock of the process, in mod_jk.
    #[default]
    Optimistic,
    /// A lock between processes, in mod_jk.
    Pessimistic,
}

impl Lock {
    /// Both, in the order of mod_jk's numbers.
    pub const ALL: [Lock; 2] = [Lock::Optimistic, Lock::Pessimistic];

    /// Reads a word of a file or of a status request: its first letter or number counts (L-05).
    pub fn parse(word: &[u8]) -> Option<Lock> {
        match word.first()? {
            b'o' | b'O' | b'0' => Some(Lock::Optimistic),
            b'p' | b'P' | b'1' => Some(Lock::Pessimistic),
            _ => None,
        }
    }

    /// The word that the status worker prints (OUT-05).
    pub fn as_str(self) -> &'static str {
        match self {
            Lock::Optimistic => "Optimistic",
            Lock::Pessimistic => "Pessimistic",
        }
    }
}
