//! The notes for LogFormat (contract §1.7).
//!
//! They are made for every request: whoever runs behind the handler may read them, by LogFormat, `note()`
//! in an expression, mod_lua or a module of its own, and nobody says beforehand that it will. So they
//! have to be cheap: all texts stand in one piece of the request's pool, and no note is looked for among
//! the others.

use crate::ffi::apr::Table;
use crate::ffi::request::RequestRec;
use crate::ffi::texts::{Text, Texts};
use rjk_balance::MemberNote;
use rjk_proxy::job::report::Report;
use std::ffi::CStr;
use std::time::Duration;

/// The mount target (T-01).
pub(crate) static WORKER: &CStr = c"JK_WORKER_NAME";
/// What kind of worker that is (T-02).
static TYPE: &CStr = c"JK_WORKER_TYPE";
/// Seconds from the choice of a worker to the end of the response (T-03).
pub(super) const DURATION: &CStr = c"JK_REQUEST_DURATION";
/// The route of the member that served (T-04).
pub(super) const ROUTE: &CStr = c"JK_WORKER_ROUTE";
const DECIDED_BY: &CStr = c"RJK_DECIDED_BY";
const LABEL: &CStr = c"RJK_LABEL";

/// Bytes of a member's texts, but for its name: seven numbers, activation and state, with their ends.
const MEMBER_BYTES: usize = 7 * Texts::NUMBER + 16;
/// Bytes of what there is once.
const COMMON_BYTES: usize = Texts::SECONDS + 64;

/// The worker that a request goes to.
pub(super) fn set_worker(request: RequestRec<'_>, name: &[u8]) {
    let name = Text::new(request.pool(), &[name]);
    request.notes().set(WORKER, name);
}

/// What kind of worker it is.
pub(super) fn set_type(request: RequestRec<'_>, name: &str) {
    let name = Text::new(request.pool(), &[name.as_bytes()]);
    request.notes().set(TYPE, name);
}

/// How long a worker took, whatever came of it.
pub(super) fn set_duration(request: RequestRec<'_>, duration: Duration) {
    Notes::new(request, COMMON_BYTES).duration(duration);
}

/// What is known after the service (T-03…T-24).
pub(super) fn set_report(request: RequestRec<'_>, duration: Duration, report: &Report<'_>) {
    let members = [&report.first, &report.last];
    let members = members.into_iter().flatten();
    let texts: usize = members
        .map(|member| member.name.len() + 1 + MEMBER_BYTES)
        .sum();
    let mut notes = Notes::new(request, COMMON_BYTES + texts);
    notes.duration(duration);
    if let Some(route) = &report.route {
        notes.text(ROUTE, &[route]);
    }
    if let Some(by) = report.decided_by {
        let (what, which) = by.words();
        notes.text(DECIDED_BY, &[what.as_bytes(), which.as_bytes()]);
    }
    let label = report.label.as_str();
    if !label.is_empty() {
        notes.text(LABEL, &[label.as_bytes()]);
    }
    notes.members(report.first.as_ref(), report.last.as_ref());
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

/// The notes of one request, while they are made.
struct Notes<'r> {
    table: Table<'r>,
    texts: Texts<'r>,
    /// None of what is made here was there before.
    are_new: bool,
}

impl<'r> Notes<'r> {
    fn new(request: RequestRec<'r>, bytes: usize) -> Notes<'r> {
        let table = request.notes();
        Notes {
            table,
            texts: Texts::new(request.pool(), bytes),
            are_new: !table.names_but(&[WORKER, TYPE]).any(is_made_here),
        }
    }

    fn set(&mut self, name: &'static CStr, value: Text<'r>) {
        if self.are_new {
            self.table.add(name, value);
        } else {
            self.table.set(name, value);
        }
    }

    fn text(&mut self, name: &'static CStr, parts: &[&[u8]]) {
        let value = self.texts.write(parts);
        self.set(name, value);
    }

    fn duration(&mut self, duration: Duration) {
        let value = self.texts.seconds(duration);
        self.set(DURATION, value);
    }

    /// The first and the last member that were tried: one and the same of most requests.
    fn members(&mut self, first: Option<&MemberNote<'_>>, last: Option<&MemberNote<'_>>) {
        let values = first.map(|member| self.values(member));
        if let Some(values) = &values {
            self.member(&FIRST, values);
        }
        let values = if last == first {
            values
        } else {
            last.map(|member| self.values(member))
        };
        if let Some(values) = &values {
            self.member(&LAST, values);
        }
    }

    fn member(&mut self, names: &MemberNotes, values: &[Text<'r>; 10]) {
        for (name, value) in names.iter().zip(values) {
            self.set(name, *value);
        }
    }

    fn values(&mut self, member: &MemberNote<'_>) -> [Text<'r>; 10] {
        let texts = &mut self.texts;
        let [value, accessed, sessions, read, transferred, errors, busy] = texts.numbers([
            member.value,
            member.accessed,
            member.sessions,
            member.read,
            member.transferred,
            member.errors,
            member.busy,
        ]);
        [
            texts.write(&[member.name]),
            value,
            accessed,
            sessions,
            read,
            transferred,
            errors,
            busy,
            texts.write(&[member.activation.as_str().as_bytes()]),
            texts.write(&[member.state.as_str().as_bytes()]),
        ]
    }
}

/// Whether [`Notes`] makes a note of that name, or of one like it, in whatever case.
fn is_made_here(name: &[u8]) -> bool {
    let begins = |start: &[u8]| {
        name.get(..start.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    };
    begins(b"JK_") || begins(b"RJK_")
}
