//! Putting the question to a policy, and judging its answer.

use crate::choose::rules::View;
use crate::decision::Decision;
use crate::metric::Metric;
use crate::policy::{Answer, CandidateView, Question, RequestView, RoutingPolicy, Tried};
use crate::record::Noting;
use crate::time::{Moment, millis};
use rjk_config::model::Activation;
use rjk_log::{Log, jk_log};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The question of one attempt. Which members are candidates stays the same during it; their
/// numbers are those of the moment.
pub(crate) struct Consultation<'v> {
    pub(crate) view: &'v View<'v>,
    /// The member that the session rules resolve to.
    pub(crate) sticky: Option<usize>,
    /// Number of the attempt, from 1.
    pub(crate) attempt: u32,
    pub(crate) tried: &'v [Tried],
    pub(crate) now: Moment,
}

impl Consultation<'_> {
    /// Asks the policy; a decision that it may not make is a fault. With no candidate it is not
    /// asked.
    pub(crate) fn ask(
        &self,
        policy: &dyn RoutingPolicy,
        request: &dyn RequestView,
        noting: Option<&Noting<'_>>,
        log: &dyn Log,
    ) -> Answer {
        if self.all().next().is_none() {
            return Answer::Decided(Decision::Builtin.into());
        }
        let (request, candidates): (&dyn RequestView, &dyn CandidateView) = match noting {
            Some(noting) => (noting, &noting.members),
            None => (request, self),
        };
        let answer = policy.decide(&Question {
            request,
            sticky: self.sticky,
            candidates,
            attempt: self.attempt,
            tried: self.tried,
            membership: &self.view.roster.membership,
            now: self.now,
            log,
        });
        let Answer::Decided(verdict) = answer else {
            return answer;
        };
        let decision = verdict.decision;
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
    fn indexes(&self) -> Vec<usize> {
        self.all().collect()
    }

    fn contains(&self, index: usize) -> bool {
        index < self.view.states.len() && self.is_candidate(index)
    }

    fn value(&self, index: usize, metric: Metric) -> Option<u64> {
        (index < self.view.states.len()).then(|| self.number(index, metric))
    }

    fn builtin_choice(&self) -> Option<usize> {
        self.sticky
            .or_else(|| self.view.by_load().map(|target| target.index))
    }
}

impl Consultation<'_> {
    fn all(&self) -> impl Iterator<Item = usize> {
        (0..self.view.states.len()).filter(|&index| self.is_candidate(index))
    }

    /// Of a member that exists.
    fn is_candidate(&self, index: usize) -> bool {
        self.sticky == Some(index) || self.view.usable(index)
    }

    /// Of a member that exists.
    fn number(&self, index: usize, metric: Metric) -> u64 {
        let roster = self.view.roster;
        let (member, spec) = (&roster.members[index], &roster.spec.members[index]);
        let (slot, ajp) = (member.slot, member.ajp);
        match metric {
            Metric::Position => index as u64,
            Metric::State => self.view.state(index).code().into(),
            Metric::Activation => activation(self.view.activation(index)),
            Metric::Busy => ajp.busy(),
            Metric::Load => roster.value(index),
            Metric::Errors => slot.errors.load(Relaxed),
            Metric::LatencyUs => slot.latency_us(self.now),
            Metric::LatencyAgeMs => age(slot.latency_age(self.now)),
            Metric::Requests => ajp.used.load(Relaxed),
            Metric::UsableForMs => match slot.usable_since.load() {
                Moment::NEVER => 0,
                since => millis(self.now.since(since)),
            },
            Metric::FailedBeforeMs => age(slot.failures.age(self.now)),
            Metric::FailuresInARow => slot.failures.in_a_row(),
            Metric::Weight => spec.lbfactor.into(),
            Metric::Distance => i64::from(spec.distance).cast_unsigned(),
            Metric::BusyLimit => spec.ajp.busy_limit.unwrap_or(0).into(),
            Metric::Connected => ajp.connected(),
            Metric::Sessions => slot.sessions.load(Relaxed),
        }
    }
}

/// Milliseconds of an age.
fn age(age: Option<Duration>) -> u64 {
    age.map_or(Metric::NEVER, millis)
}

fn activation(activation: Activation) -> u64 {
    match activation {
        Activation::Active => 0,
        Activation::Disabled => 1,
        Activation::Stopped => 2,
    }
}
