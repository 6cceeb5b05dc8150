//! What a small request costs httpd, counted and not timed, so that a busy machine changes nothing: its
//! instructions in user space and the allocations of a module by callgrind, its system calls by strace.
//!
//! One child of the prefork MPM serves one connection of one client. What is counted is the difference
//! between many requests and few, so that neither the start nor the counting itself is in it. A request
//! is sent when the child waits for it: a server that finds it sooner takes another path.

pub mod bill;
mod callgrind;
mod parse;
mod profile;
mod server;
mod strace;
mod stub;
mod way;

pub use callgrind::{Cost, measure, profile};
pub use profile::Profile;
pub use strace::{Calls, calls};
pub use way::{Kind, Session, Way};
