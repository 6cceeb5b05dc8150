//! Putting the question to a policy, and judging its answer.

use crate::choose::rules::View;
use crate::decision::Decision;
use crate::policy::{Answer, Candidate, CandidateView, Question, RequestView, RoutingPolicy};
use crate::time::{Moment, millis};
use rjk_log::{Log, jk_log};
use std::sync::atomic::Ordering::Relaxed;

/// The question of one attempt. Which members are candidates stays the same during it; their
/// numbers are those of the moment.
pub(crate) struct Consultation<'v> {
    view: &'v View<'v>,
    sticky: Option<usize>,
    now: Moment,
}

impl<'v> Consultation<'v> {
    /// `sticky`: the member that the session rules resolve to.
    pub(crate) fn new(view: &'v View<'v>, sticky: Option<usize>, now: Moment) -> Consultation<'v> {
        Consultation { view, sticky, now }
    }

    /// Asks the policy; a decision that it may not make is a fault. With no candidate it is not
    /// asked.
    pub(crate) fn ask(
        &self,
        policy: &dyn RoutingPolicy,
        request: &dyn RequestView,
        log: &dyn Log,
    ) -> Answer {
        if self.indexes().next().is_none() {
            return Answer::Decided(Decision::Builtin);
        }
        let answer = policy.decide(&Question {
            request,
            sticky: self.sticky,
            candidates: self,
            now: self.now,
            log,
        });
        let Answer::Decided(decision) = answer else {
            return answer;
        };
        let Some(kind) = self.fault_of(decision) else {
            return answer;
        };
        let name = policy.name();
        jk_log!(log, Warn, "policy {name} decided {decision:?}: ignored");
        Answer::Fault {
            kind,
            reject: false,
        }
    }
}

impl CandidateView for Consultation<'_> {
    fn list(&self) -> Vec<Candidate> {
        self.indexes().map(|index| self.candidate(index)).collect()
    }

    fn contains(&self, index: usize) -> bool {
        index < self.view.states.len() && self.is_candidate(index)
    }
}

impl Consultation<'_> {
    fn indexes(&self) -> impl Iterator<Item = usize> {
        (0..self.view.states.len()).filter(|&index| self.is_candidate(index))
    }

    /// Of a member that exists.
    fn is_candidate(&self, index: usize) -> bool {
        self.sticky == Some(index) || self.view.usable(index)
    }

    fn candidate(&self, index: usize) -> Candidate {
        let roster = self.view.roster;
        let member = &roster.members[index];
        let (slot, ajp) = (member.slot, member.ajp);
        let usable_for_ms = match slot.usable_since.load() {
            Moment::NEVER => 0,
            since => millis(self.now.since(since)),
        };
        Candidate {
            index,
            busy: ajp.busy(),
            value: roster.value(index),
            errors: slot.errors.load(Relaxed),
            latency_us: slot.latency_us(self.now),
            requests: ajp.used.load(Relaxed),
            usable_for_ms,
            state: self.view.states[index],
            activation: self.view.activation(index),
        }
    }
}
