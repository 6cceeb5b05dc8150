//! Putting the question to a policy, and judging its answer.

use crate::Millis;
use crate::policy::{Answer, Candidate, Decision, FaultKind, Question, RequestView, RoutingPolicy};
use crate::routing::View;
use rjk_config::jk_log;
use rjk_config::log::Log;
use std::sync::atomic::Ordering::Relaxed;

impl View<'_, '_> {
    /// Asks the policy; a decision that it may not make is a fault. With no candidate it is not
    /// asked.
    pub(crate) fn ask(
        &self,
        policy: &dyn RoutingPolicy,
        request: &dyn RequestView,
        sticky: Option<usize>,
        now: Millis,
        log: &dyn Log,
    ) -> Answer {
        let candidates: Vec<Candidate> = (0..self.states.len())
            .filter(|&index| sticky == Some(index) || self.usable(index))
            .map(|index| self.candidate(index, now))
            .collect();
        if candidates.is_empty() {
            return Answer::Decided(Decision::Builtin);
        }
        let answer = policy.decide(&Question {
            request,
            sticky,
            candidates: &candidates,
            now,
            log,
        });
        let Answer::Decided(decision) = answer else {
            return answer;
        };
        let Some(kind) = decision.fault(&candidates) else {
            return answer;
        };
        let name = policy.name();
        jk_log!(log, Warn, "policy {name} decided {decision:?}: ignored");
        Answer::Fault {
            kind,
            reject: false,
        }
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

impl Decision {
    /// What is wrong with this decision among these candidates; `None` when it may be carried out.
    pub fn fault(self, candidates: &[Candidate]) -> Option<FaultKind> {
        match self {
            Decision::Builtin => None,
            Decision::Worker(index) => {
                let known = candidates.iter().any(|candidate| candidate.index == index);
                (!known).then_some(FaultKind::BadIndex)
            }
            Decision::Reject(status) => {
                (!(400..600).contains(&status)).then_some(FaultKind::BadStatus)
            }
        }
    }
}
