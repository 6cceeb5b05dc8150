//! The seam for routing policies: who decides which member takes a request.

use crate::decision::{Decision, FaultKind, Verdict};
use crate::membership::Membership;
use crate::metric::{Candidate, Metric};
use crate::outcome::Ended;
use crate::shared::policy_slot::PolicySlot;
use crate::source::{Source, parameter};
use crate::time::Moment;
use rjk_log::Log;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// What a policy can ask about the request. Read lazily: a policy pays for what it asks.
pub trait RequestView {
    /// Method as the client sent it.
    fn method(&self) -> &[u8];
    /// Path of the URI, without the query.
    fn path(&self) -> &[u8];
    /// Query, without the `?`; `None` when the URI has no `?`.
    fn query(&self) -> Option<&[u8]>;
    /// First value of a query parameter, decoded.
    fn parameter(&self, name: &str) -> Option<Cow<'_, [u8]>> {
        parameter(self.query()?, name)
    }
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
    /// Where else goes through what a policy gets; `None` when nobody listens.
    fn tape(&self) -> Option<&dyn Tape> {
        None
    }
}

/// What a policy gets in a decision and that does not follow from its question. A record notes it, a replay
/// gives what was noted instead.
pub trait Tape {
    /// A random number.
    fn random(&self, own: u64) -> u64;
    /// The wall clock in milliseconds since 1970.
    fn wall_clock_ms(&self, own: u64) -> u64;
    /// The monotonic clock in microseconds.
    fn monotonic_us(&self, own: u64) -> u64;
    /// The hash of a text of the request, which itself may be unknown in a replay.
    fn hash(&self, source: &Source, seed: u64, own: Option<u64>) -> Option<u64>;
    /// Which of a table's texts the request has there, when that is known by comparison alone. Asked when
    /// the table does not have the text; `exact` when only equal texts count.
    fn find(
        &self,
        _source: &Source,
        _texts: &mut dyn Iterator<Item = &str>,
        _exact: bool,
    ) -> Option<usize> {
        None
    }
}

/// The members that may be chosen for an attempt: besides the sticky one, those that can take any
/// request and were not yet tried. There is at least one. Read lazily, like the request.
pub trait CandidateView {
    /// Their indexes, in configuration order.
    fn indexes(&self) -> Vec<usize>;
    /// Whether the member with this index is one.
    fn contains(&self, index: usize) -> bool;
    /// A number of a member, candidate or not; `None` when there is no such member.
    fn value(&self, index: usize, metric: Metric) -> Option<u64>;
    /// What the built-in rules would take.
    fn builtin_choice(&self) -> Option<usize>;
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

/// Candidates of tools and tests; the built-in rules would take the first.
impl CandidateView for Vec<Candidate> {
    fn indexes(&self) -> Vec<usize> {
        self.iter().map(|candidate| candidate.index).collect()
    }

    fn contains(&self, index: usize) -> bool {
        self.iter().any(|candidate| candidate.index == index)
    }

    fn value(&self, index: usize, metric: Metric) -> Option<u64> {
        let mut all = self.iter();
        let found = all.find(|candidate| candidate.index == index)?;
        Some(found.get(metric))
    }

    fn builtin_choice(&self) -> Option<usize> {
        self.first().map(|candidate| candidate.index)
    }
}

/// An attempt of a request that ended before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Index of the member.
    pub index: usize,
    /// How it ended.
    pub ended: Ended,
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
    /// Number of the attempt within its request, from 1.
    pub attempt: u32,
    /// What this request tried before, oldest first.
    pub tried: &'a [Tried],
    /// What the policy has to be configured with to answer.
    pub membership: &'a Arc<Membership>,
    /// When.
    pub now: Moment,
    /// For lines about this request.
    pub log: &'a dyn Log,
}

/// How a policy answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This is to be done.
    Decided(Verdict),
    /// The built-in rules decide; [`RoutingPolicy::compare`] then hears what they chose. Token and label
    /// are those of the attempt all the same. `None` when there is nothing to compare.
    Shadow(Option<Verdict>),
    /// The policy failed.
    Fault {
        /// How.
        kind: FaultKind,
        /// The client gets 503; otherwise the built-in rules decide.
        reject: bool,
    },
    /// The policy is switched off for a while because it kept failing.
    Off {
        /// The client gets 503 and is to come again after so many seconds, when the policy is tried again;
        /// otherwise the built-in rules decide.
        reject: Option<u32>,
    },
}

/// What became of an attempt, told to the policy after it: once for each for which a member was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Member that was chosen.
    pub index: usize,
    /// How it ended.
    pub ended: Ended,
    /// HTTP status of its answer; 0 when none came.
    pub status: u16,
    /// Number of the attempt within its request, from 1.
    pub attempt: u32,
    /// The policy chose it.
    pub decided: bool,
    /// [`Verdict::token`] of its choice.
    pub token: u64,
    /// Time that the member took until the head of its response; zero when none came.
    pub head: Duration,
    /// From the start of the attempt to its end.
    pub total: Duration,
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

    /// Whether it wants to hear of attempts.
    fn observes(&self) -> bool {
        false
    }

    /// Called after each attempt for which a member was chosen.
    fn observe(&self, _observation: &Observation, _now: Moment, _log: &dyn Log) {}

    /// Why it is not, or not as, the configuration asks for; for the status page.
    fn problem(&self) -> Option<&str> {
        None
    }

    /// What tells its code from other code; 0 when that is not known.
    fn version(&self) -> u64 {
        0
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
        Answer::Decided(Decision::Builtin.into())
    }

    fn name(&self) -> &str {
        "builtin"
    }
}
