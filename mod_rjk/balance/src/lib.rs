//! The choice of a balancer member, its states, and the counters that all children share.
//!
//! A request goes through [`Selection::begin`], [`Selection::pick`], [`Lease::begin`] and
//! [`Lease::finish`]; [`Rounds`] says when to try again and when to give up (contract §4.6).
//! Nothing here reads a clock, sleeps or does I/O: callers pass the time as [`Moment`].
//!
//! All that processes share lives in a [`Segment`] of atomics, for which all zero is a valid
//! start. There is no lock between processes on the way of a request.
//!
//! What an operator changes while the server runs goes through an [`edit::Editor`] into records
//! beside the slots. A request asks for the [`Roster`] of its balancer, which is what the files say
//! with what the records say over it.
#![forbid(unsafe_code)]

mod attempt;
mod balancer;
mod binding;
mod choose;
mod cookie;
mod decision;
pub mod edit;
pub mod explain;
mod live;
pub mod load;
mod maintenance;
mod membership;
mod metric;
mod note;
mod outcome;
mod overlay;
mod overrides;
mod policy;
pub mod record;
mod reset;
mod roster;
mod rounds;
mod sample;
mod session;
mod shared;
mod short;
pub mod snapshot;
mod source;
mod state;
mod sync;
mod tiers;
mod time;
mod worker;

pub use attempt::afterwards::Afterwards;
pub use attempt::lease::Lease;
pub use balancer::{Balancer, Watch};
pub use choose::pick::{Choice, Missing, Pick, Refusal, RoutingInput};
pub use choose::selection::Selection;
pub use choose::watched::Watched;
pub use cookie::cookie_values;
pub use decision::{DecidedBy, Decision, FaultKind, Label, Verdict};
pub use live::{AsOf, Current, Live};
pub use maintenance::maintain;
pub use membership::{Facts, MemberFacts, Membership};
pub use metric::{Candidate, Metric};
pub use note::MemberNote;
pub use outcome::{Ended, Outcome, Traffic};
pub use overrides::ActivationOverrides;
pub use policy::{
    Answer, Builtin, CandidateView, Observation, Question, RequestView, RoutingPolicy, Tape, Tried,
};
pub use reset::{recover_member, reset_balancer, reset_member, reset_worker};
pub use roster::Roster;
pub use rounds::{Round, Rounds};
pub use sample::SampleRequest;
pub use session::SessionRoutes;
pub use shared::breaker::{Breaker, OFF_FOR, Pass, Tally, Tripped};
pub use shared::cell::{Cell, RowOwner};
pub use shared::control::Control;
pub use shared::failures::Failures;
pub use shared::layout::{Header, Layout, Offsets};
pub use shared::ledger::{Drift, InFlight, Ledger, Reaped};
pub use shared::member::SharedMember;
pub use shared::policy_slot::{POLICY_COUNTERS, PolicySlot};
pub use shared::policy_state::{PolicyState, StoreSize};
pub use shared::record::{AjpRecord, BalancerRecord, MemberRecord};
pub use shared::segment::{Segment, Slots};
pub use shared::slot::{AjpSlot, BalancerSlot, LATENCY_HALVES, MemberLoad, MemberSlot};
pub use shared::states::StateWord;
pub use shared::topology::{Topology, UnknownWorker};
pub use source::{NoSource, Source};
pub use state::State;
pub use time::{AtomicMoment, Clock, Happened, Moment};
pub use worker::{AjpWorker, EndpointSettings};

#[cfg(test)]
mod tests;
