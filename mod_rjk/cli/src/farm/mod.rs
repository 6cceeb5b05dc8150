//! Verbs that talk to the status workers of web hosts: what they say, and changes at all of them.
#![allow(dead_code, reason = "the verbs that use it come one by one")]

mod access;
mod address;
mod client;
mod model;
mod status;
mod table;
mod trouble;

pub use status::Status;
