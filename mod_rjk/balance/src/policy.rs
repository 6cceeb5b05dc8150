//! The seam for routing policies: who decides which member takes a request.

use crate::decision::{Decision, FaultKind};
use crate::shared::policy_slot::PolicySlot;
use crate::state::State;
use crate::time::Moment;
use rjk_config::model::Activation;
use rjk_log::Log;
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
    /// [`crate::MemberSlot::latency_us`].
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

/// The members that may be chosen for an attempt: besides the sticky one, those that can take any
/// request and were not yet tried. There is at least one. Read lazily, like the request.
pub trait CandidateView {
    /// All of them, in configuration order.
    fn list(&self) -> Vec<Candidate>;
    /// Whether the member with this index is one.
    fn contains(&self, index: usize) -> bool;
    /// What is wrong with this decision among these candidates; `None` when it may be carried out.
    fn fault_of(&self, decision: Decision) -> Option<FaultKind> {
        match decision {
            Decision::Builtin => None,
            Decision::Worker(index) => (!self.contains(index)).then_some(FaultKind::BadIndex),
            Decision::Reject(status) => {
                (!(400..600).contains(&status)).then_some(FaultKind::BadStatus)
            }
        }
    }
}

impl CandidateView for Vec<Candidate> {
    fn list(&self) -> Vec<Candidate> {
        self.clone()
    }

    fn contains(&self, index: usize) -> bool {
        self.iter().any(|candidate| candidate.index == index)
    }
}

/// What a policy is asked before an attempt.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The request.
    pub request: &'a dyn RequestView,
    /// The member that the session rules resolve to; always among the candidates.
    pub sticky: Option<usize>,
    /// Who may be chosen.
    pub candidates: &'a dyn CandidateView,
    /// When.
    pub now: Moment,
    /// For lines about this request.
    pub log: &'a dyn Log,
}

/// How a policy answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This is to be done.
    Decided(Decision),
    /// The built-in rules decide; [`RoutingPolicy::compare`] then hears what they chose. `None`
    /// when there is nothing to compare.
    Shadow(Option<Decision>),
    /// The policy failed.
    Fault {
        /// How.
        kind: FaultKind,
        /// The client gets 503; otherwise the built-in rules decide.
        reject: bool,
    },
    /// The policy is switched off for a while because it kept failing.
    Off {
        /// As in [`Answer::Fault`].
        reject: bool,
    },
}

/// What became of a request, told to the policy after the response: once for each request that a
/// member answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Member that served.
    pub index: usize,
    /// HTTP status of its answer.
    pub status: u16,
    /// From the start of the attempt to the end of the response.
    pub duration: Duration,
    /// Bytes of the response body from the member.
    pub body: u64,
}

/// Decides before each attempt. Called from many threads at once.
pub trait RoutingPolicy: Send + Sync {
    /// Answers a question. A decision for anything but a candidate, or for a status outside of
    /// 400…599, counts as a fault.
    fn decide(&self, question: &Question<'_>) -> Answer;

    /// Name for log lines and notes.
    fn name(&self) -> &str;

    /// After [`Answer::Shadow`]: what the built-in rules chose for the same attempt; `None` when
    /// there was no member.
    fn compare(&self, _shadow: Decision, _builtin: Option<usize>) {}

    /// Whether it wants to hear of responses.
    fn observes(&self) -> bool {
        false
    }

    /// Called after each response.
    fn observe(&self, _observation: &Observation, _now: Moment, _log: &dyn Log) {}

    /// Why it is not, or not as, the configuration asks for; for the status page.
    fn problem(&self) -> Option<&str> {
        None
    }

    /// Its shared record, for the status page.
    fn slot(&self) -> Option<&'static PolicySlot> {
        None
    }
}

/// The policy that always leaves the decision to the built-in rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Builtin;

impl RoutingPolicy for Builtin {
    fn decide(&self, _: &Question<'_>) -> Answer {
        Answer::Decided(Decision::Builtin)
    }

    fn name(&self) -> &str {
        "builtin"
    }
}
