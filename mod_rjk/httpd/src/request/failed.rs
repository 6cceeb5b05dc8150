//! Requests that fail before anything is forwarded.

use rjk_log::Log;
use rjk_proxy::job::report::{Told, log_failure};
use std::ffi::c_int;
use std::fmt::Display;

/// What a request fails with that gets no memory.
pub(super) const NO_MEMORY: &str = "this child is out of memory";

/// Writes the request's one line and gives the status back, for httpd to answer with.
///
/// `what` says what failed and what can be done.
pub(super) fn fail(what: &dyn Display, status: c_int, log: &dyn Log) -> c_int {
    let told = u16::try_from(status).map_or(Told::BrokenOff, Told::Status);
    log_failure(what, told, log);
    status
}
