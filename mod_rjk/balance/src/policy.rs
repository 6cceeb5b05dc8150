//! The seam for routing policies: who decides which member takes a request.

use crate::State;
use rjk_config::model::Activation;
use std::borrow::Cow;
use std::time::Duration;

/// A member that a policy may choose, in plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Index in configuration order.
    pub index: usize,
    /// Requests in flight over all children.
    pub busy: u64,
    /// Load V of the balancing method.
    pub value: u64,
    /// Failures charged to the member.
    pub errors: u64,
    /// Average duration of successful attempts in µs; 0 when there was none.
    pub latency_us: u64,
    /// Service calls on its worker.
    pub requests: u64,
    /// Milliseconds since its first use or its return from an error.
    pub usable_for_ms: u64,
    /// State as this request sees it.
    pub state: State,
    /// Activation as this request sees it.
    pub activation: Activation,
}

/// What a policy can ask about the request. Read lazily: a policy pays for what it asks.
pub trait RequestView {
    /// Method as the client sent it.
    fn method(&self) -> &[u8];
    /// Path of the URI, without the query.
    fn path(&self) -> &[u8];
    /// Query, without the `?`; `None` when the URI has no `?`.
    fn query(&self) -> Option<&[u8]>;
    /// A request header; the name is case-insensitive.
    fn header(&self, name: &[u8]) -> Option<Cow<'_, [u8]>>;
    /// First value of a cookie; the name is case-sensitive (see [`crate::cookie_values`]).
    fn cookie(&self, name: &[u8]) -> Option<Cow<'_, [u8]>>;
    /// Client address as text.
    fn client_address(&self) -> Cow<'_, [u8]>;
    /// Whether the client's connection is encrypted.
    fn tls(&self) -> bool;
    /// Server name that the request is for.
    fn server_name(&self) -> Cow<'_, [u8]>;
}

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The session rules and the balancing method decide.
    Builtin,
    /// This candidate.
    Worker(usize),
    /// No member; answer with this status, 400…599.
    Reject(u16),
}

/// What became of a request, told to the policy after the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Member that served.
    pub index: usize,
    /// HTTP status.
    pub status: u16,
    /// From the start of the attempt to the end of the response.
    pub duration: Duration,
    /// Bytes from the member.
    pub read: u64,
    /// Bytes to the member.
    pub sent: u64,
}

/// Decides before each attempt. Called from many threads at once.
pub trait RoutingPolicy: Send + Sync {
    /// `sticky` is the member that the session rules resolve to; it is always among the
    /// candidates. The others are the members that can take any request and were not yet tried.
    /// A decision for anything else counts as [`Decision::Builtin`].
    fn decide(
        &self,
        request: &dyn RequestView,
        sticky: Option<usize>,
        candidates: &[Candidate],
    ) -> Decision;

    /// Name for log lines.
    fn name(&self) -> &str;

    /// Called after each response.
    fn observe(&self, _observation: &Observation) {}
}

/// The policy that always leaves the decision to the built-in rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builtin;

impl RoutingPolicy for Builtin {
    fn decide(&self, _: &dyn RequestView, _: Option<usize>, _: &[Candidate]) -> Decision {
        Decision::Builtin
    }

    fn name(&self) -> &str {
        "builtin"
    }
}
