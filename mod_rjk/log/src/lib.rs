//! The log seam: every crate writes its lines through [`Log`], the module decides where they go.
#![forbid(unsafe_code)]

pub mod line;
mod log;
mod rate;

pub use log::{Level, Log, NoLog, Origin};
pub use rate::RateLimit;
