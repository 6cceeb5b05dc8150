//! Tests of a policy without WebAssembly: a made-up request, members, clocks, randomness, log, store and
//! counters, for plain `cargo test`. Faults are those of the host, with its limits.
//!
//! ```
//! # use rjk_policy_sdk::{Decision, NoConfig, Policy, Request, Setup};
//! # struct MyPolicy;
//! # impl Policy for MyPolicy {
//! #     type Config = NoConfig;
//! #     fn configure(_: &Setup, _: NoConfig) -> Result<Self, String> { Ok(MyPolicy) }
//! #     fn choose(&self, r: &Request, _: Option<u32>) -> Decision {
//! #         if r.header("X-Beta").is_some() { Decision::Worker(1) } else { Decision::Builtin }
//! #     }
//! # }
//! use rjk_policy_sdk::testing::{FakeRequest, Harness, json, members};
//!
//! # fn main() -> Result<(), String> {
//! let harness = Harness::<MyPolicy>::new(members(&["was1", "was2"]), json!({}))?;
//! let request = FakeRequest::get("/shop").with_header("X-Beta", "1");
//! let decision = harness.choose(&request, None, &harness.all());
//! assert_eq!(decision, Ok(Decision::Worker(1)));
//! # Ok(())
//! # }
//! ```
//!
//! httpd runs several instances of a policy, in one child and in several: what one of them keeps for itself
//! the others do not know, and what `choose` began another instance may `observe`.
//! [`Harness::with_instances`] makes several that share a store and counters; [`Harness::on`] says which one is
//! asked. [`Harness::restart`] and [`Harness::change_members`] do what a restart and another list of
//! members do.

mod backend;
mod fake_members;
mod fake_request;
mod fault;
mod harness;
mod instance;
mod names;
mod shared;

pub(crate) use backend::Backend;
pub use fake_members::{FakeMember, FakeMembers};
pub use fake_request::FakeRequest;
pub use fault::Fault;
pub use harness::{Harness, balancer, members};
pub use instance::Instance;
/// Writes a configuration: `json!({ "header": "X-Canary", "percent": 5 })`.
pub use serde_json::{Value, json};

/// Calls of the host that one decision may make.
pub const MAX_CALLS: u32 = 64;

/// Bytes of texts and numbers that the host copies for one decision, without its first list of
/// candidates.
pub const MAX_DATA: usize = 256 << 10;

/// Counters that a policy has.
pub const COUNTERS: usize = 16;

/// Texts of the request that a policy may name.
pub const MAX_SOURCES: usize = 16;

/// Tables that a policy may make.
pub const MAX_TABLES: usize = 16;

/// Bytes of all tables, 24 for each text included.
pub const MAX_TABLE_BYTES: usize = 256 << 10;

/// Cells of a store, those of all members included.
pub const MAX_CELLS: u64 = 8192;

/// Bytes of a log line; the rest is cut.
pub const MAX_LINE: usize = 1024;

/// Bytes of a label; the rest is cut.
pub const MAX_LABEL: usize = 32;

/// What went along with a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// See [`Request::set_token`](crate::Request::set_token).
    pub token: u64,
    /// See [`Request::set_label`](crate::Request::set_label).
    pub label: String,
    /// See [`Request::set_retry_after`](crate::Request::set_retry_after).
    pub retry_after: Option<u32>,
}

#[cfg(test)]
mod tests;
