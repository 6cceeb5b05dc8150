//! What became of a request.

use super::Served;
use super::failure::{Cause, Failure, Phase};
use rjk_balance::MemberSnapshot;
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
