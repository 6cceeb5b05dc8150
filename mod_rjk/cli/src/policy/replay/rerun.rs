//! The decisions of a record, decided again in their order.

use super::report::{Differing, Report};
use super::request::{Guesses, RecordedRequest};
use crate::policy::problem::Problem;
use crate::policy::target::{Subject, policy};
use rjk_balance::{Decision, FaultKind, Label, Membership, Moment, Observation, Question, Verdict};
use rjk_log::NoLog;
use rjk_policy::{Code, Policy, Trace};
use rjk_record::{DecisionLine, Event, Found, Head, OutcomeLine, Record};
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

/// A replay.
pub(super) struct Rerun<'a> {
    subject: &'a Subject,
    code: Code,
    record: &'a Record,
    /// By the stamp of what it was configured for: a balancer has its own, and so has a changed one.
    policies: HashMap<u64, Policy>,
    guesses: HashMap<&'a str, Guesses>,
    /// By start of httpd and number: the stamp, and what was decided now.
    decided: HashMap<(&'a str, u64), (u64, Verdict)>,
    report: Report,
}

/// What a decision came to, now.
struct Again {
    verdict: Option<Verdict>,
    fault: Option<FaultKind>,
    found: Found,
}

impl<'a> Rerun<'a> {
    pub(super) fn new(subject: &'a Subject, record: &'a Record) -> Result<Rerun<'a>, Problem> {
        let texts = texts_of(subject.config.as_deref().unwrap_or("{}"));
        let guesses = record.heads.values().map(|head| {
            let by_hash = texts
                .iter()
                .map(|text| (head.key.hash(text.as_bytes()), text.clone()));
            (head.id.as_str(), by_hash.collect())
        });
        Ok(Rerun {
            code: subject.load()?,
            subject,
            record,
            policies: HashMap::new(),
            guesses: guesses.collect(),
            decided: HashMap::new(),
            report: Report::new(record.left_out),
        })
    }

    /// # Errors
    /// The policy does not take its configuration for the members of the record.
    pub(super) fn run(mut self) -> Result<Report, Problem> {
        for event in &self.record.events {
            match event {
                Event::Decision(line) => self.decide(line)?,
                Event::Outcome(line) => self.observe(line),
            }
        }
        Ok(self.report)
    }

    fn decide(&mut self, line: &'a DecisionLine) -> Result<(), Problem> {
        // `read` gives no line without its head.
        let Some(head) = self.record.heads.get(&line.head) else {
            return Ok(());
        };
        if line.members.candidates.is_empty() {
            self.report.nobody_to_ask += 1;
            return Ok(());
        }
        let stamp = head.membership.stamp();
        self.make_policy(&head.membership)?;
        let again = self.ask(line, head, stamp);
        if let Some(verdict) = again.verdict {
            self.decided.insert((line.run(), line.id), (stamp, verdict));
        }
        self.compare(line, head, &again);
        Ok(())
    }

    fn make_policy(&mut self, membership: &Arc<Membership>) -> Result<(), Problem> {
        if !self.policies.contains_key(&membership.stamp()) {
            let compiled = self
                .subject
                .configure_for(&self.code, membership, &NoLog, None)?;
            self.policies.insert(membership.stamp(), policy(compiled));
        }
        Ok(())
    }

    fn ask(&mut self, line: &DecisionLine, head: &Head, stamp: u64) -> Again {
        let none = Guesses::new();
        let guesses = self.guesses.get(head.id.as_str()).unwrap_or(&none);
        let request = RecordedRequest::new(line, head.key, guesses);
        let question = Question {
            request: &request,
            sticky: line.sticky,
            candidates: &line.members,
            attempt: line.attempt,
            tried: &line.tried,
            membership: &head.membership,
            now: Moment::from_millis(line.at),
            log: &NoLog,
        };
        let trial = self
            .policies
            .get(&stamp)
            .map(|policy| policy.try_choose(&question, &Nobody));
        let again = match trial.map(|trial| trial.result) {
            Some(Ok(verdict)) => Again {
                found: carried_out(verdict.decision, line),
                verdict: Some(verdict),
                fault: None,
            },
            failed => Again {
                verdict: None,
                fault: failed.and_then(Result::err).map(|fault| fault.kind),
                found: match self.subject.settings.rejects() {
                    true => Found::Reject(503),
                    false => carried_out(Decision::Builtin, line),
                },
            },
        };
        self.report.missed(request.into_missed());
        again
    }

    fn compare(&mut self, line: &DecisionLine, head: &Head, again: &Again) {
        let report = &mut self.report;
        // In shadow mode what the policy answered was not done.
        let recorded = line
            .answer
            .map_or(line.found, |answer| carried_out(answer, line));
        report.replayed += 1;
        report.not_carried_out += u64::from(recorded != line.found);
        report.load(&head.membership, line.found, again.found);
        if let Some(kind) = again.fault {
            report.fault(kind.as_str());
        }
        if recorded == again.found {
            return;
        }
        report.differing(|| {
            let facts = head.membership.facts();
            let label = again
                .verdict
                .map_or(Label::default(), |verdict| verdict.label);
            Differing {
                balancer: facts.balancer.clone(),
                method: line.method.clone(),
                path: line.path.clone(),
                attempt: line.attempt,
                candidates: line
                    .members
                    .candidates
                    .iter()
                    .map(|at| name(facts, *at))
                    .collect(),
                sticky: line.sticky.map(|at| name(facts, at)),
                recorded: words(facts, recorded),
                recorded_by: line.by.clone(),
                recorded_label: line.label.clone(),
                replayed: words(facts, again.found),
                replayed_by: by(again),
                replayed_label: label.as_str().to_owned(),
            }
        });
    }

    /// What became of the member that was taken then. The token is the policy's own; it hears that it
    /// decided when it would have taken that member too, and nothing of what it would have refused.
    fn observe(&mut self, line: &'a OutcomeLine) {
        let observes = self.code.description().observes;
        let Some((stamp, verdict)) = self.decided.remove(&(line.run.as_str(), line.id)) else {
            return;
        };
        if !observes || matches!(verdict.decision, Decision::Reject(_)) {
            return;
        }
        let observation = Observation {
            decided: verdict.decision == Decision::Worker(line.observation.index),
            token: verdict.token,
            ..line.observation
        };
        let now = Moment::from_millis(line.at);
        let told = self.policies.get(&stamp);
        match told.map(|policy| {
            policy
                .try_observe(&observation, now, &NoLog, &Nobody)
                .result
        }) {
            Some(Err(fault)) => self.report.observer_fault(fault.kind.as_str()),
            _ => self.report.observed += 1,
        }
    }
}

/// What the built-in rules took is in the line when it was they who decided.
fn carried_out(decision: Decision, line: &DecisionLine) -> Found {
    match decision {
        Decision::Worker(index) => Found::Member(index),
        Decision::Reject(status) => Found::Reject(status),
        Decision::Builtin if matches!(line.by.as_str(), "builtin" | "sticky") => line.found,
        Decision::Builtin => line.members.builtin.map_or(Found::Nobody, Found::Member),
    }
}

fn by(again: &Again) -> String {
    match (again.fault, again.verdict.map(|verdict| verdict.decision)) {
        (Some(kind), _) => format!("fault {}", kind.as_str()),
        (None, Some(Decision::Builtin) | None) => "builtin".to_owned(),
        (None, Some(_)) => "policy".to_owned(),
    }
}

/// Name of a member.
pub(super) fn name(facts: &rjk_balance::Facts, index: usize) -> String {
    let member = facts.members.get(index);
    member.map_or_else(|| index.to_string(), |member| member.name.clone())
}

fn words(facts: &rjk_balance::Facts, found: Found) -> String {
    match found {
        Found::Member(index) => name(facts, index),
        Found::Reject(status) => format!("status {status}"),
        Found::Nobody => "nobody".to_owned(),
    }
}

/// All texts of a configuration: what a policy compares with mostly stands there.
fn texts_of(config: &str) -> Vec<String> {
    fn gather(value: &serde_json::Value, texts: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) => texts.push(text.clone()),
            serde_json::Value::Array(all) => all.iter().for_each(|one| gather(one, texts)),
            serde_json::Value::Object(all) => all.iter().for_each(|(key, one)| {
                texts.push(key.clone());
                gather(one, texts);
            }),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    if let Ok(value) = serde_json::from_str(config) {
        gather(&value, &mut texts);
    }
    texts
}

/// Nobody listens.
struct Nobody;

impl Trace for Nobody {
    fn host_call(&self, _: &'static str, _: &dyn Debug, _: &dyn Debug) {}
}
