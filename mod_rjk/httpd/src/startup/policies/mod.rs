//! Routing policies: from `RjkConfigFile` to the balancers of a child. Without the feature `policy`
//! the directive is refused, and nothing of wasmtime is in the module.

#[cfg(feature = "policy")]
mod bound;
#[cfg(feature = "policy")]
mod codes;
#[cfg(not(feature = "policy"))]
mod disabled;
#[cfg(feature = "policy")]
mod file;
#[cfg(feature = "policy")]
mod load;
#[cfg(feature = "policy")]
mod loader;
#[cfg(feature = "policy")]
mod watched;

#[cfg(not(feature = "policy"))]
pub(crate) use disabled::{Lasting, LoadedPolicies};
#[cfg(feature = "policy")]
pub(crate) use load::{Lasting, LoadedPolicies};
