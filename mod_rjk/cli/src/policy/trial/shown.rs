//! A decision and what led to it, for people and as JSON.

use super::scene::Scene;
use super::words::{ACTIVATIONS, STATES, word};
use crate::policy::decided;
use crate::policy::problem::Problem;
use rjk_balance::{Candidate, CandidateView, Decision, Metric, Verdict};
use rjk_policy::bench::SampleRequest;
use serde_json::{Map, Value, json};
use std::fmt;

/// What is shown.
pub(super) struct Shown<'a> {
    pub(super) scene: &'a Scene,
    pub(super) request: &'a SampleRequest,
    /// Calls of the host with their answers.
    pub(super) configure_asked: Vec<(String, String)>,
    pub(super) choose_asked: Vec<(String, String)>,
    /// Lines of the policy.
    pub(super) log: Vec<String>,
    /// `None` after a fault.
    pub(super) verdict: Option<Verdict>,
    pub(super) fuel: u64,
    pub(super) fuel_limit: u64,
}

impl Shown<'_> {
    pub(super) fn to_json(&self, problem: Option<&Problem>) -> Value {
        let scene = self.scene;
        let tried = scene.tried.iter();
        let tried =
            tried.map(|one| json!({"member": scene.name(one.index), "ended": one.ended.as_str()}));
        let names: Vec<&str> = scene.members().map(|one| scene.name(one.index)).collect();
        json!({
            "members": scene.members().map(|one| member(scene, one)).collect::<Value>(),
            "sticky": scene.sticky.map(|index| scene.name(index)),
            "tried": tried.collect::<Value>(),
            "request": request(self.request),
            "configure_asked": calls(&self.configure_asked),
            "choose_asked": calls(&self.choose_asked),
            "log": self.log,
            "decided": self.verdict.map(|verdict| decided::to_json(verdict.decision, &names)),
            "builtin_choice": scene.builtin_choice().map(|index| scene.name(index)),
            "retry_after": self.verdict.and_then(|verdict| verdict.retry_after),
            "label": self.verdict.map(|verdict| verdict.label.as_str().to_owned()),
            "token": self.verdict.map(|verdict| verdict.token),
            "fuel": self.fuel,
            "fuel_limit": self.fuel_limit,
            "problem": problem.map(ToString::to_string),
        })
    }

    fn write_members(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scene = self.scene;
        for member in scene.members() {
            let (name, index) = (scene.name(member.index), member.index);
            let role = match (scene.contains(index), scene.sticky == Some(index)) {
                (_, true) => "sticky   ",
                (true, _) => "candidate",
                (false, _) => "no       ",
            };
            let state = word(&STATES, member.get(Metric::State));
            let activation = word(&ACTIVATIONS, member.get(Metric::Activation));
            let numbers = numbers_of(member);
            writeln!(
                f,
                "member {index:<2} {name:<12} {role} {state}, {activation}{numbers}"
            )?;
        }
        Ok(())
    }

    fn write_request(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (request, scene) = (self.request, self.scene);
        let query = request.query.as_ref().map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        writeln!(f, "request   {} {}{query}", request.method, request.path)?;
        for (name, value) in &request.headers {
            writeln!(f, "          {name}: {value}")?;
        }
        for (name, value) in &request.cookies {
            writeln!(f, "          cookie {name}={value}")?;
        }
        for tried in &scene.tried {
            let (name, ended) = (scene.name(tried.index), tried.ended.as_str());
            writeln!(f, "          tried before: {name}, {ended}")?;
        }
        Ok(())
    }

    fn write_verdict(&self, verdict: &Verdict, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "decided   {}", decision(self.scene, verdict))?;
        if !verdict.label.as_str().is_empty() {
            writeln!(f, "label     {}", verdict.label.as_str())?;
        }
        if verdict.token != 0 {
            writeln!(f, "token     {}", verdict.token)?;
        }
        writeln!(f, "fuel      {} of {}", self.fuel, self.fuel_limit)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_members(f)?;
        write_calls("configure asked", &self.configure_asked, f)?;
        self.write_request(f)?;
        write_calls("choose asked", &self.choose_asked, f)?;
        for line in &self.log {
            writeln!(f, "log       {line}")?;
        }
        match &self.verdict {
            Some(verdict) => self.write_verdict(verdict, f),
            None => Ok(()),
        }
    }
}

/// A member with all of its numbers.
fn member(scene: &Scene, member: &Candidate) -> Value {
    let number = |metric: Metric| {
        let number = member.get(metric);
        let number = match metric {
            Metric::State => json!(word(&STATES, number)),
            Metric::Activation => json!(word(&ACTIVATIONS, number)),
            Metric::Distance => json!(number.cast_signed()),
            _ => json!(number),
        };
        (metric.as_str().replace('-', "_"), number)
    };
    let metrics: Map<String, Value> = Metric::ALL.into_iter().map(number).collect();
    json!({
        "name": scene.name(member.index),
        "candidate": scene.contains(member.index),
        "metrics": metrics,
    })
}

fn request(request: &SampleRequest) -> Value {
    let pairs = |pairs: &[(String, String)]| -> Value {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect()
    };
    json!({
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": pairs(&request.headers),
        "cookies": pairs(&request.cookies),
        "client_address": request.client_address,
        "server_name": request.server_name,
        "tls": request.tls,
    })
}

fn calls(calls: &[(String, String)]) -> Value {
    let calls = calls.iter();
    calls
        .map(|(call, answer)| json!({"call": call, "answer": answer}))
        .collect()
}

/// Those of its numbers that are not as at the start.
fn numbers_of(member: &Candidate) -> String {
    let fresh = Candidate::new(member.index);
    let shown = |metric: &Metric| {
        let said = matches!(metric, Metric::State | Metric::Activation);
        !said && (*metric == Metric::Busy || member.get(*metric) != fresh.get(*metric))
    };
    let text = |metric: Metric| match (metric, member.get(metric)) {
        (Metric::Distance, number) => format!(", distance {}", number.cast_signed()),
        (_, number) => format!(", {} {number}", metric.as_str()),
    };
    Metric::ALL.into_iter().filter(shown).map(text).collect()
}

fn write_calls(title: &str, calls: &[(String, String)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if calls.is_empty() {
        return writeln!(f, "{title} nothing");
    }
    writeln!(f, "{title}")?;
    for (call, answer) in calls {
        let line = format!("  {call:<40} {answer}");
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn decision(scene: &Scene, verdict: &Verdict) -> String {
    let builtin = scene.builtin_choice().map_or("", |index| scene.name(index));
    match (verdict.decision, verdict.retry_after) {
        (Decision::Builtin, _) => {
            format!("by the built-in rules; with these numbers they take {builtin}")
        }
        (Decision::Worker(index), _) => {
            format!(
                "{}; the built-in rules would take {builtin}",
                scene.name(index)
            )
        }
        (Decision::Reject(status), None) => format!("the client gets {status}"),
        (Decision::Reject(status), Some(seconds)) => {
            format!("the client gets {status}, Retry-After: {seconds}")
        }
    }
}
