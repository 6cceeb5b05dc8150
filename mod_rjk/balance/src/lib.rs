//! The choice of a balancer member, its states, and the counters that all children share.
//!
//! A request goes through [`Balancer::begin`], [`Selection::pick`], [`Selection::start`] and
//! [`Lease::finish`]; [`Rounds`] says when to try again and when to give up (contract §4.6).
//! Nothing here reads a clock, sleeps or does I/O: callers pass the time as [`Millis`].
//!
//! All that processes share lives in a [`Segment`] of atomics, for which all zero is a valid
//! start. There is no lock between processes.
#![forbid(unsafe_code)]

mod balancer;
mod consult;
mod layout;
mod lease;
mod ledger;
mod maintenance;
pub mod method;
mod policy;
mod policy_slot;
mod rounds;
mod routing;
mod segment;
mod selection;
mod session_route;
mod slot;
mod state;

pub use balancer::{Balancer, MemberSnapshot, Overrides, UnknownWorker};
pub use layout::{Layout, Offsets, Topology};
pub use lease::Lease;
pub use ledger::{Cell, Drift, InFlight, Reaped, RowOwner, Slots};
pub use policy::{
    Answer, Builtin, Candidate, CandidateView, DecidedBy, Decision, FaultKind, Observation,
    Question, RequestView, RoutingPolicy,
};
pub use policy_slot::{POLICY_COUNTERS, PolicySlot};
pub use rounds::{Round, Rounds};
pub use segment::{Header, Segment};
pub use selection::{Choice, Missing, Pick, RoutingInput, Selection};
pub use session_route::{SessionRoutes, cookie_values};
pub use slot::{AjpSlot, BalancerSlot, MemberSlot, Outcome, Traffic};
pub use state::State;

/// Wall clock time in milliseconds since the epoch; 0 stands for "never".
pub type Millis = u64;

/// A duration in whole milliseconds.
fn millis(duration: std::time::Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests;
