//! The names of the notes for LogFormat (contract §1.7).

use crate::ffi::apr::{Names, Pool};
use std::ffi::CStr;

/// The mount target (T-01).
pub(crate) static WORKER: &CStr = c"JK_WORKER_NAME";
/// What kind of worker that is (T-02).
pub(crate) static TYPE: &CStr = c"JK_WORKER_TYPE";
/// Seconds from the choice of a worker to the end of the response (T-03).
pub(crate) const DURATION: &CStr = c"JK_REQUEST_DURATION";
/// The route of the member that served (T-04).
pub(crate) const ROUTE: &CStr = c"JK_WORKER_ROUTE";
/// Who decided which member that is.
pub(crate) const DECIDED_BY: &CStr = c"RJK_DECIDED_BY";
/// What a policy wrote on its decision.
pub(crate) const LABEL: &CStr = c"RJK_LABEL";

/// What is noted of a member.
type MemberNotes = [&'static CStr; 10];

/// Of the first member that was tried (T-05…T-14).
pub(crate) const FIRST: MemberNotes = [
    c"JK_LB_FIRST_NAME",
    c"JK_LB_FIRST_VALUE",
    c"JK_LB_FIRST_ACCESSED",
    c"JK_LB_FIRST_SESSIONS",
    c"JK_LB_FIRST_READ",
    c"JK_LB_FIRST_TRANSFERRED",
    c"JK_LB_FIRST_ERRORS",
    c"JK_LB_FIRST_BUSY",
    c"JK_LB_FIRST_ACTIVATION",
    c"JK_LB_FIRST_STATE",
];

/// Of the last one (T-15…T-24).
pub(crate) const LAST: MemberNotes = [
    c"JK_LB_LAST_NAME",
    c"JK_LB_LAST_VALUE",
    c"JK_LB_LAST_ACCESSED",
    c"JK_LB_LAST_SESSIONS",
    c"JK_LB_LAST_READ",
    c"JK_LB_LAST_TRANSFERRED",
    c"JK_LB_LAST_ERRORS",
    c"JK_LB_LAST_BUSY",
    c"JK_LB_LAST_ACTIVATION",
    c"JK_LB_LAST_STATE",
];

/// The notes that nearly every answer by a balancer has: how long it took, who decided, first and last
/// member. `None` only when memory is out.
///
/// # Safety
/// The pool lives as long as the child, and is above those of its requests.
pub(crate) unsafe fn made_at_once(pool: Pool<'_>) -> Option<Names> {
    let once = [DURATION, DECIDED_BY].into_iter();
    let names: Vec<&CStr> = once.chain(FIRST).chain(LAST).collect();
    // SAFETY: as promised.
    unsafe { Names::new(pool, &names) }
}
