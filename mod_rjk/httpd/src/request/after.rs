//! The log_transaction hook: what is done when a request has been served.

use super::request_line;
use super::state::ready;
use crate::ffi::answer::DECLINED;
use crate::ffi::request::RequestRec;
use rjk_proxy::way::pool::Budget;
use std::ffi::c_int;
use std::time::Duration;

/// Stands for a request's id in lines of maintenance, which is no request's own affair.
pub(super) const MAINTENANCE: &str = "MAINTENANCE";

/// How long a request without a maintenance thread at its side waits for workers that do not answer
/// CPING: its client has its answer, but its thread is wanted elsewhere.
const CHECK_BUDGET: Duration = Duration::from_secs(1);

/// The log_transaction hook.
pub(crate) fn log(request: RequestRec<'_>) -> c_int {
    let Some(ready) = ready(request) else {
        return DECLINED;
    };
    request_line::write(request, ready);
    if let Some(child) = ready.child.get()
        && !child.has_watchdog
    {
        let log = child.log.with_id(MAINTENANCE);
        child
            .dispatcher
            .check_idle(|| Budget::of(CHECK_BUDGET), &log);
    }
    DECLINED
}
