//! The notes of a request, written to the access log (T-04…T-24).

use rjk_testbed::{Result, ensure};

/// The access log: status, process, URI, route, then the notes of the first and the last member.
pub const FORMAT: &str = "%>s|%P|%U|%{JK_WORKER_ROUTE}n|\
%{JK_LB_FIRST_NAME}n|%{JK_LB_FIRST_VALUE}n|%{JK_LB_FIRST_ACCESSED}n|%{JK_LB_FIRST_SESSIONS}n|\
%{JK_LB_FIRST_READ}n|%{JK_LB_FIRST_TRANSFERRED}n|%{JK_LB_FIRST_ERRORS}n|%{JK_LB_FIRST_BUSY}n|\
%{JK_LB_FIRST_ACTIVATION}n|%{JK_LB_FIRST_STATE}n|\
%{JK_LB_LAST_NAME}n|%{JK_LB_LAST_VALUE}n|%{JK_LB_LAST_ACCESSED}n|%{JK_LB_LAST_SESSIONS}n|\
%{JK_LB_LAST_READ}n|%{JK_LB_LAST_TRANSFERRED}n|%{JK_LB_LAST_ERRORS}n|%{JK_LB_LAST_BUSY}n|\
%{JK_LB_LAST_ACTIVATION}n|%{JK_LB_LAST_STATE}n";

/// The notes of one request; `-` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notes {
    pub status: u16,
    pub pid: u32,
    pub uri: String,
    pub route: String,
    pub first: MemberNotes,
    pub last: MemberNotes,
}

/// The ten notes of a member (T-05…T-24).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberNotes {
    pub name: String,
    pub value: String,
    pub accessed: String,
    pub sessions: String,
    pub read: String,
    pub transferred: String,
    pub errors: String,
    pub busy: String,
    pub activation: String,
    pub state: String,
}

impl Notes {
    /// Reads a line of [`FORMAT`].
    pub fn parse(line: &str) -> Result<Notes> {
        let fields: Vec<&str> = line.split('|').collect();
        ensure!(fields.len() == 24, "{line:?}");
        Ok(Notes {
            status: fields[0].parse()?,
            pid: fields[1].parse()?,
            uri: fields[2].to_owned(),
            route: fields[3].to_owned(),
            first: MemberNotes::parse(&fields[4..14]),
            last: MemberNotes::parse(&fields[14..24]),
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
