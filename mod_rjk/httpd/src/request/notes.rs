//! The notes for LogFormat (contract §1.7).
//!
//! They are made for every request: whoever runs behind the handler may read them, by LogFormat, `note()`
//! in an expression, mod_lua or a module of its own, and nobody says beforehand that it will. So they
//! have to be cheap: all texts stand in one piece of the request's pool, those of an answer by a balancer
//! come into the table at once, and no note is looked for among the others.

use crate::ffi::apr::{Names, Table};
use crate::ffi::request::RequestRec;
use crate::ffi::texts::{Text, Texts};
use crate::server::note_names::{DECIDED_BY, DURATION, FIRST, LABEL, LAST, ROUTE, TYPE, WORKER};
use rjk_balance::MemberNote;
use rjk_proxy::job::report::Report;
use std::ffi::CStr;
use std::time::Duration;

/// Bytes of a member's texts, but for its name: seven numbers, activation and state, with their ends.
const MEMBER_BYTES: usize = 7 * Texts::NUMBER + 16;
/// Bytes of what there is once.
const COMMON_BYTES: usize = Texts::SECONDS + 64;

/// The worker that a request goes to.
pub(super) fn set_worker(request: RequestRec<'_>, name: &[u8]) {
    let name = Text::new(request.pool(), &[name]);
    request.notes().set_behind(&[], WORKER, name);
}

/// What kind of worker it is.
pub(super) fn set_type(request: RequestRec<'_>, name: &'static CStr) {
    request
        .notes()
        .set_behind(&[WORKER], TYPE, Text::from(name));
}

/// How long a worker took, whatever came of it.
pub(super) fn set_duration(request: RequestRec<'_>, duration: Duration) {
    Notes::new(request, COMMON_BYTES).duration(duration);
}

/// What is known after the service (T-03…T-24). `at_once` are the names for
/// [`Notes::set_at_once`].
pub(super) fn set_report(
    request: RequestRec<'_>,
    at_once: Option<&Names>,
    duration: Duration,
    report: &Report<'_>,
) {
    // The first and the last member that were tried: one and the same of most requests.
    let other = report.last.as_ref().filter(|_| report.last != report.first);
    let room = |member: &MemberNote<'_>| member.name.len() + 1 + MEMBER_BYTES;
    let members = report.first.as_ref().map_or(0, room) + other.map_or(0, room);
    let mut notes = Notes::new(request, COMMON_BYTES + members);
    let made = Made::of(duration, report, other, &mut notes.texts);
    if !at_once.is_some_and(|names| notes.set_at_once(request, names, &made)) {
        notes.set_each(&made);
    }
    if let Some(route) = &report.route {
        notes.text(ROUTE, &[route]);
    }
    let label = report.label.as_str();
    if !label.is_empty() {
        notes.text(LABEL, &[label.as_bytes()]);
    }
}

/// The texts of one answer.
struct Made<'r> {
    duration: Text<'r>,
    decided_by: Option<Text<'r>>,
    first: Option<MemberTexts<'r>>,
    last: Option<MemberTexts<'r>>,
}

type MemberTexts<'r> = [Text<'r>; 10];

impl<'r> Made<'r> {
    /// `other` is the last member, if it is not the first.
    fn of(
        duration: Duration,
        report: &Report<'_>,
        other: Option<&MemberNote<'_>>,
        texts: &mut Texts<'r>,
    ) -> Made<'r> {
        let first = report.first.as_ref();
        let first = first.map(|member| member_texts(member, texts));
        let last = other.map(|member| member_texts(member, texts)).or(first);
        Made {
            duration: texts.seconds(duration),
            decided_by: report.decided_by.map(|by| {
                let (what, which) = by.words();
                texts.write(&[what.as_bytes(), which.as_bytes()])
            }),
            first,
            last,
        }
    }
}

fn member_texts<'r>(member: &MemberNote<'_>, texts: &mut Texts<'r>) -> MemberTexts<'r> {
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

    /// All that nearly every answer by a balancer has, in the order of
    /// [`made_at_once`](crate::server::note_names::made_at_once); false when this one
    /// has not, or when notes of these names are there.
    fn set_at_once(&mut self, request: RequestRec<'r>, names: &Names, made: &Made<'r>) -> bool {
        let (Some(decided_by), Some(first), Some(last), true) =
            (made.decided_by, &made.first, &made.last, self.are_new)
        else {
            return false;
        };
        let common = [made.duration, decided_by];
        let values = [&common[..], first, last];
        let Some(table) = self.table.with(names, request.pool(), values) else {
            return false;
        };
        request.set_notes(table);
        self.table = table;
        true
    }

    fn set_each(&mut self, made: &Made<'r>) {
        self.set(DURATION, made.duration);
        if let Some(by) = made.decided_by {
            self.set(DECIDED_BY, by);
        }
        for (names, member) in [(&FIRST, &made.first), (&LAST, &made.last)] {
            for (name, value) in names.iter().zip(member.iter().flatten()) {
                self.set(name, *value);
            }
        }
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
