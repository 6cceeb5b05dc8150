//! How an attempt ended and what it moved.

/// How one attempt on a member ended (contract TR-05…TR-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// TR-05: answered.
    Success,
    /// TR-06: the client failed or sent something wrong.
    ClientError,
    /// TR-07: this host ran out of something; says nothing about the member.
    Internal,
    /// TR-08: Tomcat broke the protocol.
    Protocol,
    /// TR-09: a status of `fail_on_status` with a minus sign.
    StatusSoft,
    /// TR-10: a status of `fail_on_status`.
    StatusHard,
    /// TR-11: `busy_limit` reached.
    BusyLimit,
    /// TR-12, TR-13: no packet in time.
    ReplyTimeout {
        /// How many connection attempts of this service call timed out (L-11).
        count: u32,
    },
    /// TR-14: connect, CPING or send failed, or Tomcat closed between packets.
    LocalError,
    /// The attempt was given up without a result; says nothing about the member.
    Aborted,
}

/// How an attempt ended, as a policy is told; the numbers are those of the contract (plugins/wit,
/// `outcome.ended`), and new ones are added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Ended {
    /// A response came to its end.
    Ok = 0,
    /// No connection, or no answer to a CPING: nothing of the request was sent.
    Connect = 1,
    /// No answer in time.
    Timeout = 2,
    /// The worker broke the protocol.
    Protocol = 3,
    /// Its status is one of `fail_on_status`.
    Status = 4,
    /// It was not asked: its pool or its `busy_limit` was full.
    Busy = 5,
    /// The client went away, or sent something wrong.
    Client = 6,
    /// The connection ended after the request was sent.
    Broken = 7,
    /// This host ran out of something, or gave up.
    Host = 8,
}

impl Ended {
    /// All of them, each at its own number.
    pub const ALL: [Ended; 9] = [
        Ended::Ok,
        Ended::Connect,
        Ended::Timeout,
        Ended::Protocol,
        Ended::Status,
        Ended::Busy,
        Ended::Client,
        Ended::Broken,
        Ended::Host,
    ];

    /// The one of this number; `None` for one that this host does not know.
    pub fn of(number: u32) -> Option<Ended> {
        Ended::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// The word for it in records, log lines and on the status page.
    pub fn as_str(self) -> &'static str {
        match self {
            Ended::Ok => "ok",
            Ended::Connect => "connect",
            Ended::Timeout => "timeout",
            Ended::Protocol => "protocol",
            Ended::Status => "status",
            Ended::Busy => "busy",
            Ended::Client => "client",
            Ended::Broken => "broken",
            Ended::Host => "host",
        }
    }
}

/// Bytes that one attempt moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// From Tomcat.
    pub read: u64,
    /// To Tomcat.
    pub sent: u64,
}
