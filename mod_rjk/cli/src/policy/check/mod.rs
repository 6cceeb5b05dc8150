//! `rjk policy check`.

mod findings;

use super::lines::ToStderr;
use super::problem::Problem;
use super::target::{Subject, Target, policy};
use findings::{Chose, Findings};
use rjk_balance::{Decision, Ended, Moment, Observation, Question, Verdict};
use rjk_policy::bench::SampleRequest;
use rjk_policy::{Code, Policy, Trace};
use std::fmt::Debug;
use std::io::Write;
use std::time::Duration;

/// Members that are made up when none are named.
const MEMBERS: usize = 2;

/// What was found before a problem is told, too.
pub(super) fn check(target: &Target, json: bool, out: &mut dyn Write) -> Result<(), Problem> {
    let subject = target.subject()?;
    let code = subject.load()?;
    let mut findings = Findings::new(&subject, code.description());
    // Configure may need a configuration.
    let ran = match subject.config {
        Some(_) => run_once(&subject, &code, &mut findings),
        None => Ok(()),
    };
    match json {
        true => writeln!(out, "{}", findings.to_json(ran.as_ref().err()))?,
        false => write!(out, "{findings}")?,
    }
    ran
}

/// Each function of the policy, so that one that always fails is found before it serves.
fn run_once(subject: &Subject, code: &Code, findings: &mut Findings<'_>) -> Result<(), Problem> {
    let compiled = subject.configure(code, MEMBERS, &ToStderr, None)?;
    findings.configured = true;
    let policy = policy(compiled);
    let chose = choose(subject, &policy)?;
    let verdict = chose.verdict;
    findings.chose = Some(chose);
    if code.description().observes {
        findings.observe_fuel = Some(observe(subject, &policy, &verdict)?);
    }
    Ok(())
}

fn choose(subject: &Subject, policy: &Policy) -> Result<Chose, Problem> {
    let members = subject.members(MEMBERS);
    let request = SampleRequest::default();
    let question = Question {
        request: &request,
        sticky: None,
        candidates: &members.numbers,
        attempt: 1,
        tried: &[],
        membership: &members.membership,
        now: Moment::NEVER,
        log: &ToStderr,
    };
    let trial = policy.try_choose(&question, &Nobody);
    let verdict = trial
        .result
        .map_err(|fault| Problem::Tried(subject.file.clone(), "choose for GET /", fault))?;
    Ok(Chose {
        verdict,
        names: members.names().map(str::to_owned).collect(),
        fuel: trial.fuel,
    })
}

/// The fuel that it took.
fn observe(subject: &Subject, policy: &Policy, verdict: &Verdict) -> Result<u64, Problem> {
    let chosen = match verdict.decision {
        Decision::Worker(index) => Some(index),
        Decision::Builtin | Decision::Reject(_) => None,
    };
    let observation = Observation {
        index: chosen.unwrap_or(0),
        ended: Ended::Ok,
        status: 200,
        attempt: 1,
        decided: chosen.is_some(),
        token: verdict.token,
        head: Duration::from_millis(20),
        total: Duration::from_millis(25),
        body: 1000,
    };
    let trial = policy.try_observe(&observation, Moment::NEVER, &ToStderr, &Nobody);
    trial
        .result
        .map_err(|fault| Problem::Tried(subject.file.clone(), "observe of a 200", fault))?;
    Ok(trial.fuel)
}

/// Nobody listens.
struct Nobody;

impl Trace for Nobody {
    fn host_call(&self, _: &'static str, _: &dyn Debug, _: &dyn Debug) {}
}
