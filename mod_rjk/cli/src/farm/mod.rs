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
mod table;
mod trouble;
mod wait;

pub use change::{Activate, Disable, Drain, Reset, Stop};
pub use status::Status;
