//! What a request means for a worker's record.

use super::endpoint::Endpoint;
use crate::job::Served;
use crate::job::failure::{Cause, Failure, Phase};
use rjk_balance::{AjpSlot, Outcome};
use rjk_config::model::AjpSpec;

/// F-03: the pool has no place.
pub(crate) fn no_place(endpoint: &Endpoint) -> Failure {
    let pool = endpoint.pool();
    let cause = if pool.is_held_by_this_thread() {
        Cause::NoPlaceForPart
    } else {
        Cause::NoPlace(pool.acquire_timeout())
    };
    Failure::unsent(Phase::Acquire, cause)
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
