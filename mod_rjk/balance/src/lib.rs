//! The choice of a balancer member, its states, and the counters that all children share.
//!
//! A request goes through [`Balancer::begin`], [`Selection::pick`], [`Selection::start`] and
//! [`Lease::finish`]; [`Rounds`] says when to try again and when to give up (contract §4.6).
//! Nothing here reads a clock, sleeps or does I/O: callers pass the time as [`Millis`].
//!
//! All that processes share lives in a [`Segment`] of atomics, for which all zero is a valid
//! start. There is no lock between processes.
#![forbid(unsafe_code)]

mod attempt;
mod balancer;
mod choose;
pub mod load;
mod maintenance;
mod shared;
mod state;

pub use attempt::lease::Lease;
pub use balancer::{Balancer, MemberSnapshot, Overrides, UnknownWorker};
pub use choose::policy::{
    Answer, Builtin, Candidate, CandidateView, DecidedBy, Decision, FaultKind, Observation,
    Question, RequestView, RoutingPolicy,
};
pub use choose::rounds::{Round, Rounds};
pub use choose::selection::{Choice, Missing, Pick, RoutingInput, Selection};
pub use choose::session::{SessionRoutes, cookie_values};
pub use shared::layout::{Layout, Offsets, Topology};
pub use shared::ledger::{Cell, Drift, InFlight, Reaped, RowOwner, Slots};
pub use shared::policy_slot::{POLICY_COUNTERS, PolicySlot};
pub use shared::segment::{Header, Segment};
pub use shared::slot::{AjpSlot, BalancerSlot, MemberSlot, Outcome, Traffic};
pub use state::State;

/// Wall clock time in milliseconds since the epoch; 0 stands for "never".
pub type Millis = u64;

/// A duration in whole milliseconds.
fn millis(duration: std::time::Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests;
