//! What became of a request, and what it means for the worker's record and the log.

use crate::attempt::{AjpWorker, Served};
use crate::failure::{Cause, Failure, Fault, Phase};
use bstr::BString;
use rjk_balance::{AjpSlot, MemberSnapshot, Outcome};
use rjk_config::jk_log;
use rjk_config::log::Log;
use rjk_config::model::AjpSpec;
use std::borrow::Cow;

/// What became of a request.
pub struct Report {
    /// The response, or why there is none.
    pub result: Result<Served, Failure>,
    /// The response head went to the client.
    pub started: bool,
    /// Route that was forwarded (T-04).
    pub route: Option<Vec<u8>>,
    /// Who decided about the last attempt: `builtin`, `sticky`, `policy NAME` or `fault KIND`; empty
    /// without a balancer.
    pub decided_by: Cow<'static, str>,
    /// The first member that was tried (T-05…T-14).
    pub first: Option<MemberSnapshot>,
    /// The last member that was tried (T-15…T-24).
    pub last: Option<MemberSnapshot>,
}

impl Report {
    pub(crate) fn none() -> Report {
        Report::failed(Failure::unsent(
            Phase::Select,
            Cause::NoMember(rjk_balance::Missing::Unusable),
        ))
    }

    pub(crate) fn failed(failure: Failure) -> Report {
        Report::ended(Err(failure))
    }

    pub(crate) fn ended(result: Result<Served, Failure>) -> Report {
        Report {
            result,
            started: false,
            route: None,
            decided_by: Cow::Borrowed(""),
            first: None,
            last: None,
        }
    }
}

pub(crate) fn no_place(worker: &AjpWorker) -> Failure {
    Failure::unsent(
        Phase::Acquire,
        Cause::NoPlace(worker.pool().acquire_timeout()),
    )
}

/// SV-02: more in flight than `busy_limit`, this request included.
pub(crate) fn over_limit(spec: &AjpSpec, busy: u64) -> Option<Failure> {
    let limit = spec
        .busy_limit
        .filter(|limit| *limit > 0 && busy > u64::from(*limit))?;
    Some(Failure::unsent(Phase::Acquire, Cause::BusyLimit { limit }))
}

pub(crate) fn outcome(result: &Result<Served, Failure>, timeouts: u32) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(failure) => failure.outcome(timeouts),
    }
}

/// L-11: reply timeouts count once per attempt, also when a later attempt went well.
pub(crate) fn count_made_good(result: &Result<Served, Failure>, slot: &AjpSlot, timeouts: u32) {
    if result.is_ok() && timeouts > 0 {
        slot.add_reply_timeouts(timeouts);
    }
}

/// The one line of a request that failed: worker, phase, remedy.
pub(crate) fn log_failure(name: &BString, failure: &Failure, log: &dyn Log) {
    if failure.fault() == Fault::Client {
        jk_log!(log, Info, "worker {name} {failure}");
    } else {
        jk_log!(log, Error, "worker {name} {failure}");
    }
}
