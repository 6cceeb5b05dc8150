//! Verbs that talk to the status workers of web hosts: what they say, and changes at all of them.

mod access;
mod address;
mod apply;
mod change;
mod client;
mod model;
mod order;
mod plan;
mod report;
mod status;
mod trouble;
mod wait;

pub use access::Access;
pub use address::{Address, distinct, labels};
pub use change::{Activate, Disable, Drain, Reset, Stop};
pub use client::{Client, at_once};
pub use model::{Activation, Answer, Balancer, Member, State, Worker};
pub use status::{Status, activation, problem, state};
pub use trouble::Trouble;
