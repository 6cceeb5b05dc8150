//! Plays all sites, several at a time, and compares the modules.

use super::act::{self, Played};
use super::site::{Case, Server, Site};
use super::stage::{Purpose, Stage};
use crate::{Result, Subject};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// One server to start, and the cases that are played on it.
struct Job<'a> {
    site: &'a Site,
    subject: Subject,
    server: Server,
    cases: Vec<&'a Case>,
}

/// What became of one case.
#[derive(Debug)]
pub struct Verdict {
    /// `SITE/CASE`.
    pub name: String,
    /// Everything that is wrong with it, ready to be printed.
    pub problems: Vec<String>,
}

/// Site and case, by their places.
type Key = (String, String);

/// What each module did in a case, or why it could not be played.
type Results = BTreeMap<Key, Vec<(Subject, Result<Played, String>)>>;

/// Each case's result, and what is wrong with the server as a whole.
type JobResult = (Vec<(String, Result<Played, String>)>, Vec<String>);

/// Plays the cases that `wanted` takes, `threads` servers at a time; all verdicts in order.
pub fn all(sites: &[Site], threads: usize, wanted: &dyn Fn(&str) -> bool) -> Vec<Verdict> {
    let jobs = jobs(sites, wanted);
    let next = AtomicUsize::new(0);
    let results = Mutex::new((Results::new(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let (played, problems) = job.play();
                    let mut all = results.lock().unwrap_or_else(PoisonError::into_inner);
                    for (case, result) in played {
                        let key = (job.site.name.clone(), case);
                        all.0.entry(key).or_default().push((job.subject, result));
                    }
                    all.1.extend(problems);
                }
            });
        }
    });
    let (results, problems) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    verdicts(results, problems)
}

/// The name of a case, as filters and rows write it.
pub fn name(site: &Site, case: &Case) -> String {
    format!("{}/{}", site.name, case.name)
}

fn jobs<'a>(sites: &'a [Site], wanted: &dyn Fn(&str) -> bool) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for site in sites {
        for subject in Subject::BOTH {
            let asked = |case: &&Case| subject == Subject::Rjk || case.asks_mod_jk();
            let cases = site.cases.iter().filter(asked);
            let cases = cases.filter(|case| wanted(&name(site, case)));
            let (own, shared): (Vec<_>, Vec<_>) = cases.partition(|case| case.server.is_some());
            let job = |server, cases| Job {
                site,
                subject,
                server,
                cases,
            };
            if !shared.is_empty() {
                jobs.push(job(site.server.clone(), shared));
            }
            for case in own {
                let server = case.server.as_ref().map(|own| site.server.with(own));
                jobs.push(job(server.unwrap_or_default(), vec![case]));
            }
        }
    }
    // The longest first: they would be alone at the end.
    jobs.sort_by_key(|job| std::cmp::Reverse(job.cases.len()));
    jobs
}

impl Job<'_> {
    fn play(&self) -> JobResult {
        let caught = panic::catch_unwind(AssertUnwindSafe(|| self.try_play()));
        match caught.unwrap_or_else(|_| Err(anyhow::anyhow!("the test panicked"))) {
            Ok((played, problems)) => {
                let label = |problem| format!("{} on {:?}: {problem}", self.place(), self.subject);
                (played, problems.into_iter().map(label).collect())
            }
            Err(error) => {
                let failed = |case: &&Case| (case.name.clone(), Err(format!("{error:#}")));
                (self.cases.iter().map(failed).collect(), Vec::new())
            }
        }
    }

    fn try_play(&self) -> Result<JobResult> {
        let mut stage = Stage::start(&self.server, self.subject, &self.purpose())?;
        let mut played = Vec::new();
        for case in &self.cases {
            let caught = panic::catch_unwind(AssertUnwindSafe(|| act::play(&mut stage, case)));
            let result = caught.unwrap_or_else(|_| Err(anyhow::anyhow!("the test panicked")));
            played.push((
                case.name.clone(),
                result.map_err(|error| format!("{error:#}")),
            ));
        }
        Ok((played, stage.finish()))
    }

    /// How the start of a server is to go; only a case with a server of its own may say so.
    fn purpose(&self) -> Purpose {
        let mut purpose = Purpose::of(self.site);
        let steps = self.cases.iter().flat_map(|case| &case.steps);
        for step in steps {
            let mut expect = step.expect.clone().unwrap_or_default();
            if let (Subject::ModJk, Some(other)) = (self.subject, step.difference()) {
                expect = expect.changed_by(other);
            }
            let start = expect.start.unwrap_or_default();
            purpose.refused |= start.refused == Some(true);
            purpose.configtest |= start.configtest.is_some() || start.configtest_says.is_some();
        }
        purpose
    }

    fn place(&self) -> String {
        match self.cases.as_slice() {
            [case] => name(self.site, case),
            _ => self.site.name.clone(),
        }
    }
}

fn verdicts(results: Results, problems: Vec<String>) -> Vec<Verdict> {
    let mut all: Vec<Verdict> = results
        .into_iter()
        .map(|((site, case), results)| Verdict {
            name: format!("{site}/{case}"),
            problems: problems_of(&results),
        })
        .collect();
    all.extend(problems.into_iter().map(|problem| Verdict {
        name: "logs".to_owned(),
        problems: vec![problem],
    }));
    all
}

fn problems_of(results: &[(Subject, Result<Played, String>)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (subject, result) in results {
        match result {
            Err(error) => problems.push(format!("{subject:?}: {error}")),
            Ok(played) => problems.extend(played.wrong.iter().map(|(step, wrong)| {
                let mut text = format!("{subject:?}, {step}: {}\n", wrong.field);
                let _ = write!(
                    text,
                    "  expected {}\n  got      {}",
                    wrong.expected, wrong.got
                );
                text
            })),
        }
    }
    let played = |subject| {
        let found = results.iter().find(|(other, _)| *other == subject);
        found.and_then(|(_, result)| result.as_ref().ok())
    };
    if problems.is_empty()
        && let (Some(ours), Some(theirs)) = (played(Subject::Rjk), played(Subject::ModJk))
    {
        problems.extend(differences(ours, theirs));
    }
    problems
}

/// Where two modules did not do the same, though no case said that they may.
fn differences(ours: &Played, theirs: &Played) -> Vec<String> {
    let mut problems = Vec::new();
    for ((step, ours), (_, theirs)) in ours.transcripts.iter().zip(&theirs.transcripts) {
        for name in names(ours, theirs) {
            let (ours, theirs) = (values(ours, name), values(theirs, name));
            if ours != theirs {
                problems.push(format!(
                    "{step}: the modules differ in what no `expect` names: {name}\n  \
                     mod_rjk {ours:?}\n  mod_jk  {theirs:?}"
                ));
            }
        }
        let order = |lines: &[(String, String)]| -> Vec<String> {
            lines.iter().map(|(n, _)| n.clone()).collect()
        };
        if problems.is_empty() && order(ours) != order(theirs) {
            problems.push(format!(
                "{step}: the modules differ in the order of\n  mod_rjk {:?}\n  mod_jk  {:?}",
                order(ours),
                order(theirs)
            ));
        }
    }
    problems
}

fn names<'a>(ours: &'a [(String, String)], theirs: &'a [(String, String)]) -> Vec<&'a str> {
    let mut names: Vec<&str> = ours
        .iter()
        .chain(theirs)
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn values<'a>(lines: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    let same = lines.iter().filter(|(other, _)| other == name);
    same.map(|(_, value)| value.as_str()).collect()
}
