//! The contract of plugins/wit as Rust types, and the way from our types to them.

use bstr::ByteSlice;
use rjk_balance::{Candidate, Decision, Observation, State};
use rjk_config::model::{Activation, LbSpec};

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
pub(crate) use bindings::rjk::policy::{host, types};

/// A member of a balancer, as `configure` gets it.
pub use bindings::rjk::policy::types::Member;

/// The members of a balancer. Bytes that are not UTF-8 become U+FFFD.
pub fn members(balancer: &LbSpec) -> Vec<Member> {
    let text = |bytes: &bstr::BString| bytes.to_str_lossy().into_owned();
    std::iter::zip(0.., &balancer.members)
        .map(|(index, member)| Member {
            index,
            name: text(&member.ajp.name),
            route: text(&member.route),
            domain: member.domain.as_ref().map(text),
            weight: member.lbfactor,
            distance: member.distance,
        })
        .collect()
}

impl From<&Candidate> for types::Candidate {
    fn from(candidate: &Candidate) -> types::Candidate {
        types::Candidate {
            index: number(candidate.index),
            state: candidate.state.into(),
            activation: candidate.activation.into(),
            busy: candidate.busy,
            load: candidate.value,
            errors: candidate.errors,
            latency_us: candidate.latency_us,
            requests: candidate.requests,
            usable_for_ms: candidate.usable_for_ms,
        }
    }
}

impl From<State> for types::State {
    fn from(state: State) -> types::State {
        match state {
            State::Idle => types::State::Idle,
            State::Ok => types::State::Ok,
            State::Recover => types::State::Recovering,
            State::Force => types::State::Forced,
            State::Busy => types::State::Busy,
            State::Error => types::State::Error,
            State::Probe => types::State::Probing,
        }
    }
}

impl From<Activation> for types::Activation {
    fn from(activation: Activation) -> types::Activation {
        match activation {
            Activation::Active => types::Activation::Active,
            Activation::Disabled => types::Activation::Disabled,
            Activation::Stopped => types::Activation::Stopped,
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
            index: number(observation.index),
            status: observation.status,
            duration_us: u64::try_from(observation.duration.as_micros()).unwrap_or(u64::MAX),
            bytes: observation.body,
        }
    }
}

/// A member's index in the contract; a balancer has far fewer members than that.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
