//! Putting the question to a policy, and judging its answer.

use crate::Millis;
use crate::policy::{Candidate, Decision, RequestView, RoutingPolicy};
use crate::routing::View;
use rjk_config::jk_log;
use rjk_config::log::Log;
use std::sync::atomic::Ordering::Relaxed;

impl View<'_, '_> {
    /// Asks the policy; a decision that it may not make counts as [`Decision::Builtin`].
    pub(crate) fn ask(
        &self,
        policy: &dyn RoutingPolicy,
        request: &dyn RequestView,
        sticky: Option<usize>,
        now: Millis,
        log: &dyn Log,
    ) -> Decision {
        let candidates: Vec<Candidate> = (0..self.states.len())
            .filter(|&index| sticky == Some(index) || self.usable(index))
            .map(|index| self.candidate(index, now))
            .collect();
        if candidates.is_empty() {
            return Decision::Builtin;
        }
        let decision = policy.decide(request, sticky, &candidates);
        let allowed = match decision {
            Decision::Builtin => true,
            Decision::Worker(index) => candidates.iter().any(|c| c.index == index),
            Decision::Reject(status) => (400..600).contains(&status),
        };
        if allowed {
            return decision;
        }
        jk_log!(
            log,
            Warn,
            "policy {} decided {decision:?}: ignored",
            policy.name()
        );
        Decision::Builtin
    }

    fn candidate(&self, index: usize, now: Millis) -> Candidate {
        let slot = &self.balancer.member_slots[index];
        let ajp = self.balancer.members[index].ajp;
        let since = slot.usable_since.load(Relaxed);
        Candidate {
            index,
            busy: ajp.busy(),
            value: self.balancer.method.rank(slot),
            errors: slot.errors.load(Relaxed),
            latency_us: slot.latency_us.load(Relaxed),
            requests: ajp.used.load(Relaxed),
            usable_for_ms: if since == 0 {
                0
            } else {
                now.saturating_sub(since)
            },
            state: self.states[index],
            activation: self.activation(index),
        }
    }
}
