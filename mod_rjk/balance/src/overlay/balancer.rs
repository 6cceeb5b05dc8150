//! The overlay of a balancer (V-01…V-08).

use super::codec::{Codec, Fields};
use super::{Overlay, lay};
use rjk_config::model::{BalanceMethod, LbSpec, Lock};
use std::time::Duration;

/// What was changed of a balancer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BalancerOverlay {
    pub(crate) retries: Option<u32>,
    pub(crate) retry_interval: Option<Duration>,
    pub(crate) recover_time: Option<Duration>,
    pub(crate) error_escalation_time: Option<Duration>,
    pub(crate) max_reply_timeouts: Option<u32>,
    pub(crate) sticky_session: Option<bool>,
    pub(crate) sticky_session_force: Option<bool>,
    pub(crate) method: Option<BalanceMethod>,
    pub(crate) lock: Option<Lock>,
}

impl Overlay for BalancerOverlay {
    type Spec = LbSpec;

    /// Lays it over a balancer; its members have overlays of their own.
    fn apply(&self, spec: &mut LbSpec) {
        lay(&self.retries, &mut spec.retries);
        lay(&self.retry_interval, &mut spec.retry_interval);
        lay(&self.recover_time, &mut spec.recover_time);
        lay(&self.error_escalation_time, &mut spec.error_escalation_time);
        lay(&self.max_reply_timeouts, &mut spec.max_reply_timeouts);
        lay(&self.sticky_session, &mut spec.sticky_session);
        lay(&self.sticky_session_force, &mut spec.sticky_session_force);
        lay(&self.method, &mut spec.method);
        lay(&self.lock, &mut spec.lock);
    }
}

impl Fields for BalancerOverlay {
    fn visit(&mut self, codec: &mut impl Codec) {
        codec.number(&mut self.retries);
        codec.number(&mut self.retry_interval);
        codec.number(&mut self.recover_time);
        codec.number(&mut self.error_escalation_time);
        codec.number(&mut self.max_reply_timeouts);
        codec.number(&mut self.sticky_session);
        codec.number(&mut self.sticky_session_force);
        codec.number(&mut self.method);
        codec.number(&mut self.lock);
    }
}
