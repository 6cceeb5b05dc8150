//! What is kept of a decision for people: who decided, among whom, and what came of it.

mod ring;
mod telling;
mod words;

pub use ring::{Ring, Ticket};
pub use telling::Telling;

use crate::choose::pick::Missing;
use crate::decision::{DecidedBy, Decision, Label};
use crate::outcome::Ended;
use crate::short::Short;
use crate::state::State;
use crate::time::Moment;
use rjk_config::model::Activation;
use std::time::Duration;

/// Candidates that are kept of a decision; of others only how many there were.
pub const MOST_CANDIDATES: usize = 16;

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// When.
    pub at: Moment,
    /// Number of the attempt within its request, from 1.
    pub attempt: u32,
    /// What came of the session.
    pub session: Session,
    /// The route that the session names; empty for none. Never the session id.
    pub route: ShortRoute,
    /// Who could be chosen, in configuration order; at most [`MOST_CANDIDATES`].
    pub candidates: Vec<Seen>,
    /// How many there were.
    pub candidate_count: u32,
    /// Who decided.
    pub by: DecidedBy<'a>,
    /// What the policy answered, in shadow mode too; `None` when there is none, it was not asked or gave no
    /// answer.
    pub answer: Option<Decision>,
    /// For people, by the policy.
    pub label: Label,
    /// What was decided.
    pub found: Chosen,
    /// How the attempt ended; `None` while it goes on, and when there was none.
    pub end: Option<End>,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The attempt is on this member.
    Member(usize),
    /// There is nobody.
    Nobody(Missing),
    /// The client gets this status.
    Reject(u16),
}

/// What came of the session of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// Sessions do not stick in this balancer.
    Off,
    /// The request has none.
    None,
    /// It has one that names no route.
    NoRoute,
    /// It is on this member.
    Member(usize),
    /// This member stands in for its own.
    StandIn(usize),
    /// This member of its domain takes it.
    Domain(usize),
    /// No member and no domain has its route.
    Unknown,
    /// No member of its domain can take it.
    EmptyDomain,
    /// Its member cannot take it, and nobody stands in.
    Unusable {
        /// The member.
        index: usize,
        /// Its state as this request sees it.
        state: State,
        /// Its activation as this request sees it.
        activation: Activation,
    },
}

/// A candidate with what people ask first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its index in configuration order.
    pub index: usize,
    /// State as this request sees it.
    pub state: State,
    /// Activation as this request sees it.
    pub activation: Activation,
    /// Requests in flight, over all children.
    pub busy: u32,
    /// Load V.
    pub load: u64,
    /// Latency in microseconds; 0 when nothing is known.
    pub latency_us: u32,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub ended: Ended,
    /// HTTP status of the member's answer; 0 when none came.
    pub status: u16,
    /// From the choice to the end, in microseconds.
    pub total: Duration,
}

/// The first bytes of a route.
pub type ShortRoute = Short<48>;

#[cfg(test)]
mod tests;
