//! Who decides about an attempt, and what is kept of it for those who look on.

use super::Selection;
use crate::choose::chosen::{Chosen, Found, builtin, carry_out, stand_in, unavailable};
use crate::choose::consult::Consultation;
use crate::choose::pick::Missing;
use crate::choose::rules::Target;
use crate::choose::story;
use crate::choose::watched::Watched;
use crate::decision::DecidedBy;
use crate::explain::Explanation;
use crate::policy::Answer;
use crate::record::{Noting, Recorded, Recorder};
use crate::time::Moment;
use rjk_log::Level;

/// What is told of a decision.
pub(super) struct Told<'a> {
    explanation: Explanation<'a>,
    /// Who took it down, and under which number.
    recorded: Option<(&'a dyn Recorder, u64)>,
}

impl<'a> Selection<'a> {
    /// What is to be done, and what is told of it if somebody wants to know.
    pub(super) fn choose(&self, now: Moment) -> (Chosen<'a>, Option<Box<Told<'a>>>) {
        let (view, routes) = (self.view(), &self.input.routes);
        let sticky = view.by_session(routes);
        let question = Consultation {
            view: &view,
            sticky: sticky.map(|target| target.index),
            attempt: self.attempt,
            tried: &self.tried,
            now,
        };
        let noting = self
            .recorder
            .map(|_| Noting::new(self.input.request, &question));
        let chosen = self.decide(&question, sticky, noting.as_ref());
        let is_watched = noting.is_some()
            || self.balancer.watch.ring.is_some()
            || self.log.enabled(Level::Debug);
        let told = is_watched.then(|| {
            let explanation = story::explanation(&question, routes, sticky, &chosen);
            let noting = noting.as_ref();
            let record = |noting| self.record(&question, noting, &chosen, &explanation);
            Box::new(Told {
                recorded: noting.and_then(record),
                explanation,
            })
        });
        (chosen, told)
    }

    fn record(
        &self,
        question: &Consultation<'_>,
        noting: &Noting<'_>,
        chosen: &Chosen<'_>,
        explanation: &Explanation<'_>,
    ) -> Option<(&'a dyn Recorder, u64)> {
        let recorder = self.recorder?;
        let recorded = Recorded {
            request: self.input.request,
            membership: &self.roster.membership,
            sticky: question.sticky,
            attempt: question.attempt,
            tried: question.tried,
            members: &noting.members,
            notes: &noting.notes(),
            by: chosen.by,
            verdict: chosen.verdict.as_ref(),
            found: explanation.found,
            now: question.now,
        };
        Some((recorder, recorder.decision(&recorded, self.log)))
    }

    fn decide(
        &self,
        question: &Consultation<'_>,
        sticky: Option<Target>,
        noting: Option<&Noting<'_>>,
    ) -> Chosen<'a> {
        let view = question.view;
        let force = self.roster.spec.sticky_session_force;
        if sticky.is_none() && force && self.input.routes.has_session() {
            return Found::Missing(Missing::StickyForce).by(DecidedBy::Builtin);
        }
        let Some(policy) = self.balancer.policy.as_deref() else {
            return builtin(view, sticky);
        };
        match question.ask(policy, self.input.request, noting, self.log) {
            Answer::Decided(verdict) => carry_out(verdict, view, sticky, policy.name()),
            Answer::Shadow(verdict) => {
                let chosen = builtin(view, sticky);
                if let Some(shadow) = verdict {
                    policy.compare(shadow.decision, chosen.found.member());
                }
                Chosen { verdict, ..chosen }
            }
            Answer::Fault { kind, reject: true } => unavailable(DecidedBy::Fault(kind), None),
            Answer::Fault { kind, .. } => stand_in(view, sticky, DecidedBy::Fault(kind)),
            Answer::Off { reject: None } => stand_in(view, sticky, DecidedBy::Off),
            Answer::Off { reject } => unavailable(DecidedBy::Off, reject),
        }
    }

    pub(super) fn watch(&mut self, told: Option<Box<Told<'a>>>) {
        self.watched = told.map(|told| {
            let (roster, ring) = (self.roster.keep(), self.balancer.watch.ring);
            let watched = Watched::new(told.explanation, roster, ring, told.recorded, self.log);
            Box::new(watched)
        });
    }

    /// No attempt follows.
    pub(super) fn watch_unserved(&mut self, told: Option<Box<Told<'a>>>) {
        self.watch(told);
        if let Some(watched) = self.watched.take() {
            watched.tell();
        }
    }
}
