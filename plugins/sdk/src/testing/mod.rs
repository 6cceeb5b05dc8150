//! Tests of a policy without WebAssembly: a made-up request, members, clock, randomness, log and
//! counters, for plain `cargo test`.
//!
//! ```
//! # use rjk_policy_sdk::{Decision, Members, NoConfig, Policy, Request};
//! # struct MyPolicy;
//! # impl Policy for MyPolicy {
//! #     type Config = NoConfig;
//! #     fn configure(_: &Members, _: NoConfig) -> Result<Self, String> { Ok(MyPolicy) }
//! #     fn choose(&self, r: &Request, _: Option<u32>) -> Decision {
//! #         if r.header("X-Beta").is_some() { Decision::Worker(1) } else { Decision::Builtin }
//! #     }
//! # }
//! use rjk_policy_sdk::testing::{FakeRequest, Harness, json, members};
//!
//! # fn main() -> Result<(), String> {
//! let harness = Harness::<MyPolicy>::new(members(&["was1", "was2"]), json!({}))?;
//! let request = FakeRequest::get("/shop").with_header("X-Beta", "1");
//! let decision = harness.choose(&request, None, &harness.candidates());
//! assert_eq!(decision, Ok(Decision::Worker(1)));
//! # Ok(())
//! # }
//! ```

mod backend;
mod fake_request;

pub(crate) use backend::Backend;
pub use fake_request::FakeRequest;
/// Writes a configuration: `json!({ "header": "X-Canary", "percent": 5 })`.
pub use serde_json::{Value, json};

use crate::{
    Activation, Candidate, Decision, Host, Level, Member, Observer, Outcome, Policy, Request, State,
};
use backend::FakeHost;
use std::rc::Rc;

/// Calls of the host that one decision may make.
pub const MAX_CALLS: u32 = 64;

/// Counters that a policy has.
pub const COUNTERS: usize = 16;

/// What the host would count as a fault of the policy; the built-in method answers then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The decision names a member that is not among the candidates.
    BadIndex(u32),
    /// The decision is a status outside 400 to 599.
    BadStatus(u16),
    /// More than [`MAX_CALLS`] calls of the host.
    TooManyCalls,
    /// A counter key that is not below [`COUNTERS`].
    BadCounter(u32),
}

/// A configured policy and the world around it.
pub struct Harness<P> {
    policy: P,
    members: Vec<Member>,
    host: Rc<FakeHost>,
}

impl<P: Policy> Harness<P> {
    /// Configures the policy, through JSON text as the host does.
    ///
    /// # Errors
    /// What the administrator would read.
    pub fn new(members: Vec<Member>, config: Value) -> Result<Harness<P>, String> {
        Ok(Harness {
            policy: crate::glue::configure(members.clone(), &config.to_string())?,
            members,
            host: Rc::new(FakeHost::default()),
        })
    }

    /// All members as candidates: idle, active, nothing in flight.
    pub fn candidates(&self) -> Vec<Candidate> {
        self.members.iter().map(|m| candidate(m.index)).collect()
    }

    /// One decision. `candidates` are what the policy gets when it asks for them.
    ///
    /// # Errors
    /// The fault that the host would count.
    pub fn choose(
        &self,
        request: &FakeRequest,
        sticky: Option<u32>,
        candidates: &[Candidate],
    ) -> Result<Decision, Fault> {
        let backend = Backend::new(self.host.clone(), request.clone(), candidates.to_vec());
        let decision = self.policy.choose(&Request::new(backend), sticky);
        self.host.take_fault()?;
        check(decision, candidates)
    }

    /// Sets the clock: milliseconds since the Unix epoch. It stands at 0 and never moves by itself.
    pub fn set_now_ms(&self, now: u64) {
        self.host.now_ms.set(now);
    }

    /// Starts the random numbers anew; the same seed gives the same numbers.
    pub fn seed(&self, seed: u64) {
        self.host.random_state.set(seed);
    }

    /// Value of a counter; 0 for a key that does not exist.
    pub fn counter(&self, key: u32) -> u64 {
        self.host.counter(key)
    }

    /// How often the policy called the host for its last decision, or for its last outcome: what it
    /// pays.
    pub fn calls(&self) -> u32 {
        self.host.calls.get()
    }

    /// The log lines so far, oldest first.
    pub fn log_lines(&self) -> Vec<(Level, String)> {
        self.host.log.borrow().clone()
    }

    /// The policy itself.
    pub fn policy(&self) -> &P {
        &self.policy
    }
}

impl<P: Observer> Harness<P> {
    /// Tells the policy what became of a request.
    ///
    /// # Errors
    /// The fault that the host would count.
    pub fn observe(&self, outcome: &Outcome) -> Result<(), Fault> {
        let backend = Backend::new(self.host.clone(), FakeRequest::get("/"), Vec::new());
        self.policy.observe(&Host::new(backend), outcome);
        self.host.take_fault()
    }
}

/// Members with these worker names: route equal to the name, no domain, weight 1, distance 0.
pub fn members(names: &[&str]) -> Vec<Member> {
    let member = |(index, name): (u32, &&str)| Member {
        index,
        name: name.to_string(),
        route: name.to_string(),
        domain: None,
        weight: 1,
        distance: 0,
    };
    (0..).zip(names).map(member).collect()
}

/// A candidate that is idle and active, with nothing in flight.
pub fn candidate(index: u32) -> Candidate {
    Candidate {
        index,
        state: State::Idle,
        activation: Activation::Active,
        busy: 0,
        load: 0,
        errors: 0,
        latency_us: 0,
        requests: 0,
        usable_for_ms: 0,
    }
}

fn check(decision: Decision, candidates: &[Candidate]) -> Result<Decision, Fault> {
    match decision {
        Decision::Worker(index) if !candidates.iter().any(|c| c.index == index) => {
            Err(Fault::BadIndex(index))
        }
        Decision::Reject(status) if !(400..=599).contains(&status) => Err(Fault::BadStatus(status)),
        fine => Ok(fine),
    }
}

#[cfg(test)]
mod tests;
