//! `rjk policy try`: one decision, with all that led to it.

mod calls;
mod scene;
#[cfg(test)]
mod tests;
mod words;

use super::lines::Kept;
use super::problem::Problem;
use super::request::RequestArguments;
use super::target::{Subject, Target, policy};
use calls::Calls;
use clap::Args;
use rjk_balance::{Candidate, CandidateView, Decision, Metric, Moment, Question, Verdict};
use rjk_log::NoLog;
use rjk_policy::Trial;
use rjk_policy::bench::SampleRequest;
use scene::{Scene, SceneArguments};
use std::io::{self, Write};
use std::time::{Duration, Instant};
use words::{ACTIVATIONS, STATES, word};

/// One decision that is tried.
#[derive(Debug, Args)]
pub struct Trying {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    request: RequestArguments,
    #[command(flatten)]
    scene: SceneArguments,
}

impl Trying {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Problem> {
        let subject = self.target.subject()?;
        let members = subject.members(2);
        let scene = Scene::new(&members, &self.scene).map_err(Problem::Arguments)?;
        let code = subject.load()?;
        let (log, asked) = (Kept::default(), Calls::default());
        let compiled = subject.configure(&code, 2, &log, Some(&asked))?;
        let policy = policy(compiled);
        // Its configure was shown above; that of the instance that decides says the same.
        policy.prepare(
            Instant::now() + Duration::from_secs(60),
            &NoLog,
            Moment::NEVER,
        );

        let request = self.request.sample();
        show_members(&scene, out)?;
        show_calls("configure asked", asked, out)?;
        show_request(&request, &scene, out)?;
        let asked = Calls::default();
        let question = Question {
            request: &request,
            sticky: scene.sticky,
            candidates: &scene,
            attempt: u32::try_from(scene.tried.len()).unwrap_or(u32::MAX - 1) + 1,
            tried: &scene.tried,
            membership: &members.membership,
            now: Moment::NEVER,
            log: &log,
        };
        let trial = policy.try_choose(&question, &asked);
        show_calls("choose asked", asked, out)?;
        for line in log.take() {
            writeln!(out, "log       {line}")?;
        }
        show_verdict(&subject, &scene, trial, out)
    }
}

/// A line for each member, with those of its numbers that are not as at the start.
fn show_members(scene: &Scene, out: &mut dyn Write) -> io::Result<()> {
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
            out,
            "member {index:<2} {name:<12} {role} {state}, {activation}{numbers}"
        )?;
    }
    Ok(())
}

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

fn show_request(request: &SampleRequest, scene: &Scene, out: &mut dyn Write) -> io::Result<()> {
    let query = request.query.as_ref().map(|query| format!("?{query}"));
    let query = query.unwrap_or_default();
    writeln!(out, "request   {} {}{query}", request.method, request.path)?;
    for (name, value) in &request.headers {
        writeln!(out, "          {name}: {value}")?;
    }
    for (name, value) in &request.cookies {
        writeln!(out, "          cookie {name}={value}")?;
    }
    for tried in &scene.tried {
        let ended = tried.ended.as_str();
        writeln!(
            out,
            "          tried before: {}, {ended}",
            scene.name(tried.index)
        )?;
    }
    Ok(())
}

fn show_calls(title: &str, calls: Calls, out: &mut dyn Write) -> io::Result<()> {
    let calls = calls.into_list();
    if calls.is_empty() {
        return writeln!(out, "{title} nothing");
    }
    writeln!(out, "{title}")?;
    for (call, answer) in calls {
        let line = format!("  {call:<40} {answer}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn show_verdict(
    subject: &Subject,
    scene: &Scene,
    trial: Trial<Verdict>,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let verdict = match trial.result {
        Ok(verdict) => verdict,
        Err(fault) => return Err(Problem::Tried(subject.file.clone(), "choose", fault)),
    };
    writeln!(out, "decided   {}", decision(scene, &verdict))?;
    if !verdict.label.as_str().is_empty() {
        writeln!(out, "label     {}", verdict.label.as_str())?;
    }
    if verdict.token != 0 {
        writeln!(out, "token     {}", verdict.token)?;
    }
    writeln!(out, "fuel      {} of {}", trial.fuel, subject.settings.fuel)?;
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
