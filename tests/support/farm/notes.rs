//! The notes of a request, written to the access log (T-04…T-24).

use crate::{Httpd, Result, wait};
use anyhow::{Context, ensure};

/// The access log: status, process, URI, route, who decided, then the notes of the first and the last
/// member, and the policy's label.
pub(super) const FORMAT: &str = "%>s|%P|%U|%{JK_WORKER_ROUTE}n|%{RJK_DECIDED_BY}n|\
%{JK_LB_FIRST_NAME}n|%{JK_LB_FIRST_VALUE}n|%{JK_LB_FIRST_ACCESSED}n|%{JK_LB_FIRST_SESSIONS}n|\
%{JK_LB_FIRST_READ}n|%{JK_LB_FIRST_TRANSFERRED}n|%{JK_LB_FIRST_ERRORS}n|%{JK_LB_FIRST_BUSY}n|\
%{JK_LB_FIRST_ACTIVATION}n|%{JK_LB_FIRST_STATE}n|\
%{JK_LB_LAST_NAME}n|%{JK_LB_LAST_VALUE}n|%{JK_LB_LAST_ACCESSED}n|%{JK_LB_LAST_SESSIONS}n|\
%{JK_LB_LAST_READ}n|%{JK_LB_LAST_TRANSFERRED}n|%{JK_LB_LAST_ERRORS}n|%{JK_LB_LAST_BUSY}n|\
%{JK_LB_LAST_ACTIVATION}n|%{JK_LB_LAST_STATE}n|%{RJK_LABEL}n";

/// The notes of one request; `-` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    /// HTTP status.
    pub status: u16,
    /// The child.
    pub pid: u32,
    /// Path without query.
    pub uri: String,
    /// The route of the member.
    pub route: String,
    /// Who decided; mod_jk has no such note.
    pub decided_by: String,
    /// The member of the first attempt.
    pub first: MemberNotes,
    /// The member of the last attempt.
    pub last: MemberNotes,
    /// What the policy wrote on its decision.
    pub label: String,
}

/// The ten notes of a member (T-05…T-24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberNotes {
    /// Its name.
    pub name: String,
    /// Load V.
    pub value: String,
    /// Uses of its worker.
    pub accessed: String,
    /// Requests without a session.
    pub sessions: String,
    /// Bytes read.
    pub read: String,
    /// Bytes sent.
    pub transferred: String,
    /// Failures.
    pub errors: String,
    /// Requests in flight.
    pub busy: String,
    /// `ACT`, `DIS` or `STP`.
    pub activation: String,
    /// State text (§4.4).
    pub state: String,
}

impl Notes {
    /// Those of all requests for a path, once there are `count`.
    pub fn of(httpd: &Httpd, path: &str, count: usize) -> Result<Vec<Notes>> {
        let mut found = Vec::new();
        wait::until("the lines of the requests", wait::SOON, || {
            let log = httpd.access_log();
            let notes = log.lines().filter_map(|line| Notes::parse(line).ok());
            found = notes.filter(|notes| notes.uri == path).collect();
            found.len() >= count
        })
        .with_context(|| format!("{path}: {count} wanted"))?;
        Ok(found)
    }

    /// Reads a line of the access log.
    pub fn parse(line: &str) -> Result<Notes> {
        let fields: Vec<&str> = line.split('|').collect();
        ensure!(fields.len() == 26, "{line:?}");
        Ok(Notes {
            status: fields[0].parse()?,
            pid: fields[1].parse()?,
            uri: fields[2].to_owned(),
            route: fields[3].to_owned(),
            decided_by: fields[4].to_owned(),
            first: MemberNotes::parse(&fields[5..15]),
            last: MemberNotes::parse(&fields[15..25]),
            label: fields[25].to_owned(),
        })
    }
}

impl MemberNotes {
    fn parse(fields: &[&str]) -> MemberNotes {
        let text = |index: usize| fields.get(index).copied().unwrap_or_default().to_owned();
        MemberNotes {
            name: text(0),
            value: text(1),
            accessed: text(2),
            sessions: text(3),
            read: text(4),
            transferred: text(5),
            errors: text(6),
            busy: text(7),
            activation: text(8),
            state: text(9),
        }
    }
}
