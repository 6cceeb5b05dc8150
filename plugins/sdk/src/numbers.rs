//! Numbers with a list of meanings, which later versions make longer. A policy that meets one
//! without a name here goes on: none of them is an enum.

/// A number that the host knows of each member; units are in the names. The contract, interface
/// `members`, says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Metric(pub u32);

/// The age of what never happened: [`Metric::LATENCY_AGE_MS`], [`Metric::FAILED_BEFORE_MS`].
pub const NEVER: u64 = u64::MAX;

impl Metric {
    /// Position in the list of members.
    pub const POSITION: Metric = Metric(0);
    /// A [`State`].
    pub const STATE: Metric = Metric(1);
    /// An [`Activation`].
    pub const ACTIVATION: Metric = Metric(2);
    /// Requests in flight on its worker over all children of this host, this request not among them.
    pub const BUSY: Metric = Metric(3);
    /// Load value of the balancing method; lower means less loaded.
    pub const LOAD: Metric = Metric(4);
    /// Failures charged to it.
    pub const ERRORS: Metric = Metric(5);
    /// Average microseconds until the head of successful responses, 0 when there was none; it halves
    /// with each 10 s without a new one.
    pub const LATENCY_US: Metric = Metric(6);
    /// Milliseconds since the latest sample of that average, or [`NEVER`].
    pub const LATENCY_AGE_MS: Metric = Metric(7);
    /// Requests sent to its worker so far.
    pub const REQUESTS: Metric = Metric(8);
    /// Milliseconds since its first use or since its return from an error, 0 before.
    pub const USABLE_FOR_MS: Metric = Metric(9);
    /// Milliseconds since its last failure, or [`NEVER`].
    pub const FAILED_BEFORE_MS: Metric = Metric(10);
    /// Failures since its last success.
    pub const FAILURES_IN_A_ROW: Metric = Metric(11);
    /// Its share of the load (`lbfactor`), at least 1.
    pub const WEIGHT: Metric = Metric(12);
    /// Distance, lower ones are preferred: [`Metric::signed`] makes it the signed number that it is.
    pub const DISTANCE: Metric = Metric(13);
    /// Its worker's `busy_limit`, 0 for none.
    pub const BUSY_LIMIT: Metric = Metric(14);
    /// Open connections of its worker over all children.
    pub const CONNECTED: Metric = Metric(15);
    /// Requests without a session that it took.
    pub const SESSIONS: Metric = Metric(16);

    /// A value of [`Metric::DISTANCE`] as the signed number that it is.
    pub fn signed(value: u64) -> i64 {
        value.cast_signed()
    }
}

/// State of a member as this request sees it: a value of [`Metric::STATE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State(pub u64);

impl State {
    /// Usable, and not used since the last maintenance.
    pub const IDLE: State = State(0);
    /// Usable.
    pub const OK: State = State(1);
    /// Was in error, and may be tried again.
    pub const RECOVERING: State = State(2);
    /// Was in error, and is tried because nobody else is left.
    pub const FORCED: State = State(3);
    /// No free connection, or its busy limit is reached.
    pub const BUSY: State = State(4);
    /// In error.
    pub const ERROR: State = State(5);
    /// Another request is trying whether it works again.
    pub const PROBING: State = State(6);
}

/// Activation of a member for this request: a value of [`Metric::ACTIVATION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Activation(pub u64);

impl Activation {
    /// Takes all requests.
    pub const ACTIVE: Activation = Activation(0);
    /// Takes only requests of sessions that it has.
    pub const DISABLED: Activation = Activation(1);
    /// Takes no request.
    pub const STOPPED: Activation = Activation(2);
}

/// How an attempt on a member ended. One that has no name here is a failure of which the member is
/// not to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ended(pub u32);

impl Ended {
    /// A response came to its end.
    pub const OK: Ended = Ended(0);
    /// No connection, or no answer to a CPING; the member got nothing of the request.
    pub const CONNECT: Ended = Ended(1);
    /// No answer in time.
    pub const TIMEOUT: Ended = Ended(2);
    /// The member broke the protocol.
    pub const PROTOCOL: Ended = Ended(3);
    /// Its status is one of `fail_on_status`.
    pub const STATUS: Ended = Ended(4);
    /// It was not asked: its pool or its busy limit was full.
    pub const BUSY: Ended = Ended(5);
    /// The client went away or sent something wrong.
    pub const CLIENT: Ended = Ended(6);
    /// The connection ended after the request was sent.
    pub const BROKEN: Ended = Ended(7);
    /// httpd ran out of something, or gave up.
    pub const HOST: Ended = Ended(8);

    /// Whether the member is to blame: it failed, and neither the client nor httpd did.
    pub fn blames_member(self) -> bool {
        matches!(
            self,
            Ended::CONNECT | Ended::TIMEOUT | Ended::PROTOCOL | Ended::STATUS | Ended::BROKEN
        )
    }
}
