//! The contract of plugins/wit as Rust types, and the way from our types to them.

use rjk_balance::{Decision, Facts, MemberFacts, Observation};
use std::time::Duration;

#[allow(missing_docs)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../plugins/wit",
        world: "observing-policy",
        imports: { default: trappable },
    });
}

pub(crate) use bindings::ObservingPolicy;
pub(crate) use bindings::exports::rjk::policy::{observer, router};
pub(crate) use bindings::rjk::policy::types::Level;
pub(crate) use bindings::rjk::policy::{members, notes, request, sources, store, system, types};

impl From<&Facts> for types::Balancer {
    fn from(facts: &Facts) -> types::Balancer {
        types::Balancer {
            name: facts.balancer.clone(),
            method: facts.method.to_owned(),
            sticky: facts.sticky,
            sticky_force: facts.sticky_force,
        }
    }
}

impl From<&MemberFacts> for types::Member {
    fn from(member: &MemberFacts) -> types::Member {
        types::Member {
            name: member.name.clone(),
            route: member.route.clone(),
            domain: member.domain.clone(),
        }
    }
}

impl From<types::Decision> for Decision {
    fn from(decision: types::Decision) -> Decision {
        match decision {
            types::Decision::Builtin => Decision::Builtin,
            types::Decision::Worker(index) => {
                Decision::Worker(usize::try_from(index).unwrap_or(usize::MAX))
            }
            types::Decision::Reject(status) => Decision::Reject(status),
        }
    }
}

impl From<&Observation> for types::Outcome {
    fn from(observation: &Observation) -> types::Outcome {
        types::Outcome {
            member: number(observation.index),
            ended: observation.ended as u32,
            status: observation.status.into(),
            attempt: observation.attempt,
            decided: observation.decided,
            token: observation.token,
            head_us: micros(observation.head),
            total_us: micros(observation.total),
            bytes: observation.body,
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A member's index in the contract; a balancer has far fewer members than that.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
