//! `rjk check`: each planted fault is found where it is, what a remedy proposes is free of it, and nothing is found
//! where nothing is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod examples;
mod faults;
mod manners;
mod support;
