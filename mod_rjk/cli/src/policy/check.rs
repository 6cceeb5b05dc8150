//! `rjk policy check`.

use super::lines::ToStderr;
use super::problem::Problem;
use super::target::{Subject, Target, policy};
use rjk_balance::{Decision, Ended, Moment, Observation, Question, Verdict};
use rjk_policy::bench::SampleRequest;
use rjk_policy::{Code, Description, Policy, Trace};
use std::fmt::Debug;
use std::io::Write;
use std::time::Duration;

/// Members that are made up when none are named.
const MEMBERS: usize = 2;

/// What is known without a configuration comes first; configure may need one.
pub(super) fn check(target: &Target, out: &mut dyn Write) -> Result<(), Problem> {
    let subject = target.subject()?;
    let code = subject.load()?;
    describe(&subject, code.description(), out)?;
    match subject.config {
        Some(_) => run_once(&subject, &code, out),
        None => {
            writeln!(
                out,
                "nothing of it was run; give --config '{{...}}' or --toml rjk.toml, and --members A,B,..."
            )?;
            Ok(())
        }
    }
}

fn describe(subject: &Subject, about: &Description, out: &mut dyn Write) -> Result<(), Problem> {
    writeln!(out, "file      {}", subject.file.display())?;
    writeln!(out, "size      {} bytes", about.size)?;
    writeln!(out, "contract  rjk:policy@{}", about.version)?;
    for (word, names) in [("imports", &about.imports), ("exports", &about.exports)] {
        for name in names {
            writeln!(out, "{word:<9} {name}")?;
        }
    }
    if about.observes {
        writeln!(out, "observes  attempts")?;
    }
    Ok(())
}

/// Each function of the policy, so that one that always fails is found before it serves.
fn run_once(subject: &Subject, code: &Code, out: &mut dyn Write) -> Result<(), Problem> {
    let compiled = subject.configure(code, MEMBERS, &ToStderr, None)?;
    writeln!(out, "configure accepts the configuration")?;
    let policy = policy(compiled);
    let verdict = choose(subject, &policy, out)?;
    if code.description().observes {
        observe(subject, &policy, &verdict, out)?;
    }
    Ok(())
}

fn choose(subject: &Subject, policy: &Policy, out: &mut dyn Write) -> Result<Verdict, Problem> {
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
    let names: Vec<&str> = members.names().collect();
    let decided = match verdict.decision {
        Decision::Builtin => "leaves GET / to the built-in rules".to_owned(),
        Decision::Reject(status) => format!("answers GET / with {status}"),
        Decision::Worker(index) => {
            let name = names.get(index).copied().unwrap_or_default();
            format!("gives GET / to {name}")
        }
    };
    writeln!(
        out,
        "choose    {decided}, among {}, without a session; fuel {} of {}",
        names.join(", "),
        trial.fuel,
        subject.settings.fuel
    )?;
    Ok(verdict)
}

fn observe(
    subject: &Subject,
    policy: &Policy,
    verdict: &Verdict,
    out: &mut dyn Write,
) -> Result<(), Problem> {
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
    writeln!(
        out,
        "observe   takes that it was answered with 200; fuel {} of {}",
        trial.fuel, subject.settings.fuel
    )?;
    Ok(())
}

/// Nobody listens.
struct Nobody;

impl Trace for Nobody {
    fn host_call(&self, _: &'static str, _: &dyn Debug, _: &dyn Debug) {}
}
