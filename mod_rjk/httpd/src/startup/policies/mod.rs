//! Routing policies: from rjk.toml to the balancers of a child. Without the feature `policy` their tables
//! are refused, and nothing of wasmtime is in the module.

#[cfg(feature = "policy")]
mod bound;
#[cfg(feature = "policy")]
mod codes;
#[cfg(not(feature = "policy"))]
mod disabled;
#[cfg(feature = "policy")]
mod load;
#[cfg(feature = "policy")]
mod loader;
#[cfg(feature = "policy")]
mod watched;

#[cfg(not(feature = "policy"))]
pub(super) use disabled::refusal;
#[cfg(not(feature = "policy"))]
pub(crate) use disabled::{Lasting, LoadedPolicies};
#[cfg(feature = "policy")]
pub(super) use load::refusal;
#[cfg(feature = "policy")]
pub(crate) use load::{Lasting, LoadedPolicies};
