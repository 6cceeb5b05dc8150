//! Routing policies as sandboxed WebAssembly components: the only crate that knows wasmtime.
//!
//! [`Code::load`] checks and compiles a component, [`configure()`] runs its `configure` for one
//! balancer; both belong into the check of the configuration, start no thread, and want
//! [`limits::CHECK_STACK`]. [`Policy`] then stands behind [`rjk_balance::RoutingPolicy`] in each child,
//! where [`Stacks`] sees to its stack.
//!
//! What a policy can do is in plugins/wit; its budgets are in [`limits`].
#![forbid(unsafe_code)]

pub mod bench;
mod bounds;
mod clock;
mod compiled;
mod configure;
mod denied;
mod engine;
mod entry;
mod fault;
mod headroom;
mod host;
mod instance;
pub mod limits;
mod link;
mod load_error;
mod missing;
mod policy;
mod pool;
mod section;
mod stack;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod world;

pub use compiled::{Code, Compiled};
pub use configure::{Setup, configure};
pub use denied::denied_line;
pub use fault::Fault;
pub use host::Trace;
pub use link::Description;
pub use load_error::LoadError;
pub use missing::Missing;
pub use policy::{Policy, Trial};
pub use stack::{Ample, Stacks};
