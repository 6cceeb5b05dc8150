//! What can be changed of a balancer (V-01…V-08).

use super::{EditError, Setting, check_range, milliseconds, number, seconds};
use crate::overlay::BalancerOverlay;
use bstr::BString;
use rjk_config::model::{BalanceMethod, LbSpec, Lock};
use std::time::Duration;

/// A new value of one property of a balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BalancerSetting {
    /// Rounds over the members, at least 1 (L-06).
    Retries(u32),
    /// Pause between rounds (L-08).
    RetryInterval(Duration),
    /// Shortest time in error, at least 1 s (L-09).
    RecoverTime(Duration),
    /// From a local to a global error (L-10).
    ErrorEscalationTime(Duration),
    /// A member fails when it has more reply timeouts than this (L-11).
    MaxReplyTimeouts(u32),
    /// Sessions stick to their member (L-02).
    StickySession(bool),
    /// A request whose member is unusable fails (L-03).
    StickySessionForce(bool),
    /// How the least loaded member is found (L-04).
    Method(BalanceMethod),
    /// What the status page says of locks (L-05).
    Lock(Lock),
}

impl Setting for BalancerSetting {
    type Overlay = BalancerOverlay;
    type Spec = LbSpec;

    fn property(&self) -> &'static str {
        match self {
            BalancerSetting::Retries(_) => "retries",
            BalancerSetting::RetryInterval(_) => "retry_interval",
            BalancerSetting::RecoverTime(_) => "recover_time",
            BalancerSetting::ErrorEscalationTime(_) => "error_escalation_time",
            BalancerSetting::MaxReplyTimeouts(_) => "max_reply_timeouts",
            BalancerSetting::StickySession(_) => "sticky_session",
            BalancerSetting::StickySessionForce(_) => "sticky_session_force",
            BalancerSetting::Method(_) => "method",
            BalancerSetting::Lock(_) => "lock",
        }
    }

    fn check(&self) -> Result<(), EditError> {
        match self {
            BalancerSetting::Retries(retries) => {
                check_range(self.property(), *retries, 1..=u32::MAX)
            }
            BalancerSetting::RecoverTime(time) => {
                let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
                check_range(self.property(), seconds, 1..=u32::MAX)
            }
            _ => Ok(()),
        }
    }

    fn text(&self, spec: &LbSpec) -> BString {
        match self {
            BalancerSetting::Retries(_) => number(spec.retries),
            BalancerSetting::RetryInterval(_) => milliseconds(spec.retry_interval),
            BalancerSetting::RecoverTime(_) => seconds(spec.recover_time),
            BalancerSetting::ErrorEscalationTime(_) => seconds(spec.error_escalation_time),
            BalancerSetting::MaxReplyTimeouts(_) => number(spec.max_reply_timeouts),
            BalancerSetting::StickySession(_) => number(spec.sticky_session),
            BalancerSetting::StickySessionForce(_) => number(spec.sticky_session_force),
            BalancerSetting::Method(_) => spec.method.as_str().into(),
            BalancerSetting::Lock(_) => spec.lock.as_str().into(),
        }
    }

    fn put(&self, overlay: &mut BalancerOverlay, _: &LbSpec) {
        match *self {
            BalancerSetting::Retries(retries) => overlay.retries = Some(retries),
            BalancerSetting::RetryInterval(time) => overlay.retry_interval = Some(time),
            BalancerSetting::RecoverTime(time) => overlay.recover_time = Some(time),
            BalancerSetting::ErrorEscalationTime(time) => {
                overlay.error_escalation_time = Some(time);
            }
            BalancerSetting::MaxReplyTimeouts(most) => overlay.max_reply_timeouts = Some(most),
            BalancerSetting::StickySession(on) => overlay.sticky_session = Some(on),
            BalancerSetting::StickySessionForce(on) => overlay.sticky_session_force = Some(on),
            BalancerSetting::Method(method) => overlay.method = Some(method),
            BalancerSetting::Lock(lock) => overlay.lock = Some(lock),
        }
    }
}
