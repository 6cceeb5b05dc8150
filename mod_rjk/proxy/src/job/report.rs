//! What became of a request, and the line of one that failed.

use super::Served;
use super::failure::{Cause, Failure, NOTHING, Phase};
use bstr::BStr;
use rjk_balance::{DecidedBy, Label, MemberNote};
use rjk_log::Log;
use rjk_log::jk_log;
use std::borrow::Cow;
use std::fmt;
use std::time::Instant;

/// What became of a request.
pub struct Report<'a> {
    /// The response, or why there is none.
    pub result: Result<Served, Failure>,
    /// The response head went to the client.
    pub started: bool,
    /// When the end of the response had been handed on; `None` when that was not looked at.
    pub ended_at: Option<Instant>,
    /// Route that was forwarded (T-04).
    pub route: Option<Cow<'a, [u8]>>,
    /// Who decided about the last attempt; nobody without a balancer.
    pub decided_by: Option<DecidedBy<'a>>,
    /// What the policy wrote on its decision about the last attempt; empty when it wrote nothing.
    pub label: Label,
    /// The first member that was tried (T-05…T-14).
    pub first: Option<MemberNote<'a>>,
    /// The last member that was tried (T-15…T-24).
    pub last: Option<MemberNote<'a>>,
}

impl Default for Report<'_> {
    /// Of a request that nobody was asked to serve yet.
    fn default() -> Self {
        let missing = Cause::NoMember(rjk_balance::Missing::Unusable);
        Report::ended(Err(Failure::unsent(Phase::Select, missing)))
    }
}

impl<'a> Report<'a> {
    fn ended(result: Result<Served, Failure>) -> Report<'a> {
        Report {
            result,
            started: false,
            ended_at: None,
            route: None,
            decided_by: None,
            label: Label::default(),
            first: None,
            last: None,
        }
    }

    /// The one line of this request when it failed: worker, phase, remedy, and what the client got.
    pub fn log(&self, worker: &BStr, told: Told, log: &dyn Log) {
        match &self.result {
            Ok(Served::Response { .. } | Served::ServerPage { .. }) => {}
            Ok(Served::Refused(_)) => {
                let by = self.decided_by.unwrap_or_default();
                let label = match self.label.as_str() {
                    "" => String::new(),
                    label => format!(" ({label})"),
                };
                let what = format_args!("worker {worker} refused the request: {by}{label}");
                log_failure(&what, told, log);
            }
            Err(Failure { phase, cause, .. }) if told == Told::Nothing => {
                log_failure(
                    &format_args!("worker {worker} failed while {phase}: {cause}"),
                    told,
                    log,
                );
            }
            Err(failure) => log_failure(&format_args!("worker {worker} {failure}"), told, log),
        }
    }
}

/// What the client got to know of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A response with this status.
    Status(u16),
    /// The start of a response, which visibly broke off.
    BrokenOff,
    /// Nothing, for it was gone.
    Nothing,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Status(status) => write!(f, "the client got {status}"),
            Told::BrokenOff => f.write_str("the response to the client broke off"),
            Told::Nothing => f.write_str(NOTHING),
        }
    }
}

/// Writes the line of a request that failed, wherever that was: at error what its client noticed, at
/// info what the client was no longer there for. `what` says what failed and what can be done.
pub fn log_failure(what: &dyn fmt::Display, told: Told, log: &dyn Log) {
    match told {
        Told::Nothing => jk_log!(log, Info, "{what}; {told}"),
        Told::Status(_) | Told::BrokenOff => jk_log!(log, Error, "{what}; {told}"),
    }
}

#[cfg(test)]
mod tests;
