//! Write a routing policy for mod_rjk: a struct, two functions and one macro line.
//!
//! A policy answers one question: which member of the balancer takes this request? It is built as
//! a WebAssembly component (`plugins/build NAME`) and runs inside httpd, in a sandbox. The contract
//! is `plugins/wit/policy.wit`; the same file is an ordinary crate for `cargo test`, see
//! [`testing`].
//!
//! ```
//! use rjk_policy_sdk::{Decision, Members, Policy, Request};
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
//!     fn configure(members: &Members, config: Config) -> Result<ByPath, String> {
//!         let worker = members.index_of(&config.worker)?;
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

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod glue;
mod policy;
mod request;
mod table;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use bindings::policy::rjk::policy::types::{
    Activation, Candidate, Decision, Level, Member, Outcome, Source, State,
};
pub use policy::{Members, NoConfig, Observer, Policy};
pub use request::{Host, Request};
pub use table::Table;
