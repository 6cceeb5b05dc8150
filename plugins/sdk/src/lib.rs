//! Write a routing policy for mod_rjk: a struct, two functions and one macro line.
//!
//! A policy answers one question: which member of the balancer takes this request? It is built as
//! a WebAssembly component (`rjk policy pack`) and runs inside httpd, in a sandbox. The contract
//! is `plugins/wit/policy.wit`; the same file is an ordinary crate for `cargo test`, see
//! [`testing`].
//!
//! ```
//! use rjk_policy_sdk::{Decision, Policy, Request, Setup};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     prefix: String,
//!     worker: String,
//! }
//!
//! /// Requests below one path go to one member.
//! struct ByPath {
//!     prefix: String,
//!     worker: u32,
//! }
//!
//! impl Policy for ByPath {
//!     type Config = Config;
//!
//!     fn configure(setup: &Setup, config: Config) -> Result<ByPath, String> {
//!         let worker = setup.members().position_of(&config.worker)?;
//!         Ok(ByPath { prefix: config.prefix, worker })
//!     }
//!
//!     fn choose(&self, request: &Request, _: Option<u32>) -> Decision {
//!         if !request.path().starts_with(&self.prefix) {
//!             return Decision::Builtin;
//!         }
//!         Decision::worker_if_candidate(self.worker, request)
//!     }
//! }
//!
//! rjk_policy_sdk::export!(ByPath);
//! ```
//!
//! What is named once, in `configure`, comes from [`Setup`]: texts of the request ([`Text`]), tables of
//! texts ([`Table`]) and the size of the store that all children share ([`StoreCell`]). What is asked
//! for each request comes from [`Request`]. Both know the [`Host`]'s clock, randomness and log.

#[doc(hidden)]
pub mod bindings;
mod candidates;
#[cfg(target_arch = "wasm32")]
mod component;
#[doc(hidden)]
pub mod glue;
mod host;
mod numbers;
mod outcome;
mod policy;
mod request;
mod setup;
mod source;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use bindings::policy::rjk::policy::types::{Balancer, Decision, Level, Member};
pub use candidates::Candidates;
pub use host::{Host, StoreCell};
pub use numbers::{Activation, Ended, Metric, NEVER, State};
pub use outcome::{Outcome, Tried};
pub use policy::{NoConfig, Observer, Policy};
pub use request::Request;
pub use setup::{Members, Setup};
pub use source::{Matching, Source, Table, Text};

#[cfg(target_arch = "wasm32")]
use component::Backend;
#[cfg(not(target_arch = "wasm32"))]
use testing::Backend;

/// XXH64 of these bytes, the function that [`Request::hash`] applies to texts of the request: to
/// hash names of members in `configure` as requests are hashed later.
pub fn hash(bytes: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh64::xxh64(bytes, seed)
}
