//! `rjk policy try`: one decision, with all that led to it.

mod calls;
mod scene;
mod shown;
#[cfg(test)]
mod tests;
mod words;

use super::lines::Kept;
use super::problem::Problem;
use super::request::RequestArguments;
use super::target::{Target, policy};
use calls::Calls;
use clap::Args;
use rjk_balance::{Moment, Question};
use rjk_log::NoLog;
use scene::{Scene, SceneArguments};
use shown::Shown;
use std::io::Write;
use std::time::{Duration, Instant};

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
    /// What led to a fault is shown, too.
    pub(super) fn run(&self, json: bool, out: &mut dyn Write) -> Result<(), Problem> {
        let subject = self.target.subject()?;
        let members = subject.members(2);
        let scene = Scene::new(&members, &self.scene).map_err(Problem::Arguments)?;
        let code = subject.load()?;
        let (log, configure) = (Kept::default(), Calls::default());
        let compiled = subject.configure(&code, 2, &log, Some(&configure))?;
        let policy = policy(compiled);
        // Its configure is shown; that of the instance that decides says the same.
        policy.prepare(
            Instant::now() + Duration::from_secs(60),
            &NoLog,
            Moment::NEVER,
        );

        let (request, choose) = (self.request.sample(), Calls::default());
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
        let trial = policy.try_choose(&question, &choose);
        let (verdict, problem) = match trial.result {
            Ok(verdict) => (Some(verdict), None),
            Err(fault) => {
                let problem = Problem::Tried(subject.file.clone(), "choose", fault);
                (None, Some(problem))
            }
        };
        let shown = Shown {
            scene: &scene,
            request: &request,
            configure_asked: configure.into_list(),
            choose_asked: choose.into_list(),
            log: log.take(),
            verdict,
            fuel: trial.fuel,
            fuel_limit: subject.settings.fuel,
        };
        match json {
            true => writeln!(out, "{}", shown.to_json(problem.as_ref()))?,
            false => write!(out, "{shown}")?,
        }
        problem.map_or(Ok(()), Err)
    }
}
