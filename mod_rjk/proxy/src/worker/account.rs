//! What a request means for a worker's record.

use super::endpoint::Endpoint;
use crate::job::Served;
use crate::job::failure::{Cause, Failure, Phase};
use rjk_balance::{AjpSlot, Ended, Outcome};
use rjk_config::model::AjpSpec;
use std::io::ErrorKind;

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

/// How an attempt ended, for policies. `sent`: the worker got a part of the request, or all, in one of
/// its tries.
pub(crate) fn ended(result: &Result<Served, Failure>, sent: bool) -> Ended {
    let Err(failure) = result else {
        return Ended::Ok;
    };
    if failure.exhaustion().is_some() {
        return Ended::Host;
    }
    match &failure.cause {
        Cause::NoPlace(_)
        | Cause::NoPlaceForPart
        | Cause::BusyLimit { .. }
        | Cause::TunnelLimit(_) => Ended::Busy,
        Cause::Send(error) | Cause::Broken(error) if error.kind() == ErrorKind::TimedOut => {
            Ended::Timeout
        }
        Cause::ReplyTimeout(_) | Cause::SocketTimeout(_) => Ended::Timeout,
        Cause::NoAddress | Cause::NoTls | Cause::Connect(_) | Cause::Ping(_) | Cause::Send(_)
            if !sent =>
        {
            Ended::Connect
        }
        Cause::NoAddress
        | Cause::NoTls
        | Cause::Connect(_)
        | Cause::Ping(_)
        | Cause::Send(_)
        | Cause::Closed
        | Cause::Broken(_)
        | Cause::BrokenReply { .. } => Ended::Broken,
        Cause::Protocol(error) if error.is_cut() => Ended::Broken,
        Cause::Protocol(_) | Cause::WrongLength { .. } => Ended::Protocol,
        Cause::FailOnStatus(_) => Ended::Status,
        Cause::KeptWaiting(_)
        | Cause::TooLarge(_)
        | Cause::Unwritable(_)
        | Cause::NoTunnel(_)
        | Cause::MemberWithoutWebSocket(_)
        | Cause::ClientRead(_)
        | Cause::ClientWrite => Ended::Client,
        Cause::Kept(_) | Cause::NoMember(_) | Cause::NoMemberWithWebSocket(_) => Ended::Host,
    }
}

/// L-11: reply timeouts count once per attempt, also when a later attempt went well.
pub(crate) fn count_made_good(result: &Result<Served, Failure>, slot: &AjpSlot, timeouts: u32) {
    if result.is_ok() && timeouts > 0 {
        slot.add_reply_timeouts(timeouts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::downstream::BrokenBody;
    use rjk_ajp::{ProtocolError, RequestTooLarge};
    use rjk_balance::Missing;
    use rjk_config::model::FailStatus;
    use std::io;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn reset() -> io::Error {
        ErrorKind::ConnectionReset.into()
    }

    fn late() -> io::Error {
        ErrorKind::TimedOut.into()
    }

    fn exhausted() -> io::Error {
        rustix::io::Errno::MFILE.into()
    }

    /// Each cause, how an attempt ended with it when nothing was sent, and when something was.
    #[rustfmt::skip]
    fn rows() -> Vec<(Cause, Ended, Ended)> {
        let same = |cause, ended| (cause, ended, ended);
        let fail = |soft| Cause::FailOnStatus(FailStatus { status: 500, soft });
        let cut = ProtocolError::TruncatedPacket { have: 2, needed: 9 };
        vec![
            same(Cause::NoPlace(SECOND), Ended::Busy),
            same(Cause::NoPlaceForPart, Ended::Busy),
            same(Cause::BusyLimit { limit: 1 }, Ended::Busy),
            (Cause::NoAddress, Ended::Connect, Ended::Broken),
            (Cause::NoTls, Ended::Connect, Ended::Broken),
            (Cause::Connect(reset().into()), Ended::Connect, Ended::Broken),
            (Cause::Connect(late().into()), Ended::Connect, Ended::Broken),
            (Cause::Ping(reset()), Ended::Connect, Ended::Broken),
            (Cause::Ping(late()), Ended::Connect, Ended::Broken),
            (Cause::Send(reset()), Ended::Connect, Ended::Broken),
            same(Cause::Send(late()), Ended::Timeout),
            same(Cause::Closed, Ended::Broken),
            same(Cause::Broken(reset()), Ended::Broken),
            same(Cause::Broken(late()), Ended::Timeout),
            same(Cause::BrokenReply { error: reset(), limit: SECOND }, Ended::Broken),
            same(Cause::ReplyTimeout(SECOND), Ended::Timeout),
            same(Cause::SocketTimeout(SECOND), Ended::Timeout),
            same(Cause::WrongLength { announced: 2, arrived: 4 }, Ended::Protocol),
            same(Cause::Protocol(ProtocolError::HeadersAfterBody.into()), Ended::Protocol),
            same(Cause::Protocol(cut.into()), Ended::Broken),
            same(fail(true), Ended::Status),
            same(fail(false), Ended::Status),
            same(Cause::KeptWaiting(SECOND), Ended::Client),
            same(Cause::Kept(Box::new(Cause::Closed)), Ended::Host),
            same(Cause::TooLarge(RequestTooLarge { size: 9000, limit: 8192 }), Ended::Client),
            same(Cause::ClientRead(BrokenBody::SHORT), Ended::Client),
            same(Cause::ClientWrite, Ended::Client),
            same(Cause::Connect(exhausted().into()), Ended::Host),
            same(Cause::Ping(exhausted()), Ended::Host),
            same(Cause::Send(exhausted()), Ended::Host),
            same(Cause::Broken(exhausted()), Ended::Host),
            same(Cause::BrokenReply { error: exhausted(), limit: SECOND }, Ended::Host),
            same(Cause::NoMember(Missing::Unusable), Ended::Host),
            same(Cause::NoMemberWithWebSocket(Missing::Unusable), Ended::Host),
            same(Cause::MemberWithoutWebSocket("m".into()), Ended::Client),
        ]
    }

    #[test]
    fn each_cause_has_its_end() {
        for (cause, unsent, sent) in rows() {
            let result = Err(Failure::last(Phase::Receive, cause));
            assert_eq!(
                (ended(&result, false), ended(&result, true)),
                (unsent, sent),
                "{result:?}"
            );
        }
        let answered = Ok(Served::Response { status: 500 });
        assert_eq!(ended(&answered, true), Ended::Ok);
    }
}
