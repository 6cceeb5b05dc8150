//! What a recorder gets of a decision: the question as the policy saw it, and what was decided.

mod frozen;
mod noting;

pub use frozen::Frozen;
pub use noting::Notes;
pub(crate) use noting::Noting;

use crate::decision::{DecidedBy, Verdict};
use crate::explain::Chosen;
use crate::membership::Membership;
use crate::policy::{Observation, RequestView, Tried};
use crate::time::Moment;
use rjk_log::Log;
use std::fmt::Debug;

/// Takes decisions down. Called from many threads at once; nothing that it does may fail a request or
/// have it wait.
pub trait Recorder: Send + Sync + Debug {
    /// Whether the decisions of the next request are wanted.
    fn wants(&self) -> bool;

    /// A decision; the number by which its outcome is told.
    fn decision(&self, recorded: &Recorded<'_>, log: &dyn Log) -> u64;

    /// What became of the attempt.
    fn outcome(&self, decision: u64, observation: &Observation, now: Moment, log: &dyn Log);
}

/// A decision with its question.
pub struct Recorded<'a> {
    /// The request, for what every policy may know of it.
    pub request: &'a dyn RequestView,
    /// The balancer as the policy knows it.
    pub membership: &'a Membership,
    /// The member that the session rules resolve to.
    pub sticky: Option<usize>,
    /// Number of the attempt within its request, from 1.
    pub attempt: u32,
    /// What this request tried before, oldest first.
    pub tried: &'a [Tried],
    /// The numbers of all members, and who were the candidates.
    pub members: &'a Frozen,
    /// What the policy asked and got.
    pub notes: &'a Notes,
    /// Who decided.
    pub by: DecidedBy<'a>,
    /// What the policy answered, in shadow mode too.
    pub verdict: Option<&'a Verdict>,
    /// What was decided.
    pub found: Chosen,
    /// When.
    pub now: Moment,
}
