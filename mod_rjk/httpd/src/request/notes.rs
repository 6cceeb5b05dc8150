//! The notes for LogFormat (contract §1.7).

use crate::ffi::request::RequestRec;
use rjk_balance::MemberNote;
use rjk_proxy::job::report::Report;
use std::ffi::CStr;
use std::time::Duration;

/// Seconds from the choice of a worker to the end of the response (T-03).
pub(super) const DURATION: &CStr = c"JK_REQUEST_DURATION";
/// The route of the member that served (T-04).
pub(super) const ROUTE: &CStr = c"JK_WORKER_ROUTE";

/// `JK_WORKER_TYPE` (T-02).
pub(crate) fn set_type(request: RequestRec<'_>, name: &str) {
    request
        .notes()
        .set(c"JK_WORKER_TYPE", request.pool(), name.as_bytes());
}

/// How long a worker took, whatever came of it.
pub(crate) fn set_duration(request: RequestRec<'_>, duration: Duration) {
    let seconds = format!("{}.{:06}", duration.as_secs(), duration.subsec_micros());
    request
        .notes()
        .set(DURATION, request.pool(), seconds.as_bytes());
}

/// What is known after the service (T-04…T-24).
pub(crate) fn set_report(request: RequestRec<'_>, report: &Report<'_>) {
    let (notes, pool) = (request.notes(), request.pool());
    if let Some(route) = &report.route {
        notes.set(ROUTE, pool, route);
    }
    if let Some(by) = report.decided_by {
        let (what, which) = by.words();
        notes.set(c"RJK_DECIDED_BY", pool, [what, which].concat().as_bytes());
    }
    let label = report.label.as_str();
    if !label.is_empty() {
        notes.set(c"RJK_LABEL", pool, label.as_bytes());
    }
    if let Some(first) = &report.first {
        set_member(request, &FIRST, first);
    }
    if let Some(last) = &report.last {
        set_member(request, &LAST, last);
    }
}

type MemberNotes = [&'static CStr; 10];

const FIRST: MemberNotes = [
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

const LAST: MemberNotes = [
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

fn set_member(request: RequestRec<'_>, names: &MemberNotes, member: &MemberNote<'_>) {
    let values: [String; 9] = [
        member.value.to_string(),
        member.accessed.to_string(),
        member.sessions.to_string(),
        member.read.to_string(),
        member.transferred.to_string(),
        member.errors.to_string(),
        member.busy.to_string(),
        member.activation.as_str().to_owned(),
        member.state.as_str().to_owned(),
    ];
    let (notes, pool) = (request.notes(), request.pool());
    notes.set(names[0], pool, member.name);
    for (name, value) in names[1..].iter().zip(&values) {
        notes.set(name, pool, value.as_bytes());
    }
}
