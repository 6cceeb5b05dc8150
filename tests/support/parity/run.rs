//! Plays all sites, several at a time, and compares the modules.

use super::act::{self, Played};
use super::compare;
use super::site::{Case, Server, Site};
use super::stage::{Captured, Purpose, Stage};
use crate::peer::wire::Wire;
use crate::{Result, Subject};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One server to start, and the cases that are played on it.
struct Job<'a> {
    site: &'a Site,
    subject: Subject,
    server: Server,
    cases: Vec<&'a Case>,
    capture: bool,
}

/// What became of one case.
#[derive(Debug)]
pub struct Verdict {
    /// `SITE/CASE`.
    pub name: String,
    /// Everything that is wrong with it, ready to be printed.
    pub problems: Vec<String>,
    /// Where the modules differ in what may differ.
    pub noted: Vec<String>,
}

/// Site and case, by their places.
type Key = (String, String);

/// What each module did in a case, or why it could not be played.
type Results = BTreeMap<Key, Vec<(Subject, Result<Played, String>)>>;

/// What became of a server and its cases.
#[derive(Default)]
struct JobResult {
    played: Vec<(String, Result<Played, String>)>,
    /// What is wrong with the server as a whole.
    problems: Vec<String>,
    captured: Captured,
}

/// How all is played.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Servers at a time.
    pub threads: usize,
    /// What mod_rjk sends to backends is kept.
    pub capture: bool,
}

/// What became of all.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One for each case, in order.
    pub verdicts: Vec<Verdict>,
    /// What went over the wire, with the site of each exchange.
    pub wires: Vec<(String, Wire)>,
    /// Forward requests among it.
    pub requests: usize,
    /// How long each server and its cases took.
    pub took: Vec<(String, Subject, Duration)>,
}

/// What all threads together found.
#[derive(Default)]
struct Collected {
    results: Results,
    problems: Vec<String>,
    wires: Vec<(String, Wire)>,
    requests: usize,
    took: Vec<(String, Subject, Duration)>,
}

/// Plays the cases that `wanted` takes.
pub fn all(sites: &[Site], manner: Manner, wanted: &dyn Fn(&str) -> bool) -> Outcome {
    let jobs = jobs(sites, wanted, manner);
    let next = AtomicUsize::new(0);
    let collected = Mutex::new(Collected::default());
    std::thread::scope(|scope| {
        for _ in 0..manner.threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let begun = Instant::now();
                    let result = job.play();
                    let took = begun.elapsed();
                    let mut all = collected.lock().unwrap_or_else(PoisonError::into_inner);
                    all.put(job, result);
                    all.took.push((job.place(), job.subject, took));
                }
            });
        }
    });
    let all = collected.into_inner();
    let all = all.unwrap_or_else(PoisonError::into_inner);
    Outcome {
        verdicts: verdicts(all.results, all.problems),
        wires: all.wires,
        requests: all.requests,
        took: all.took,
    }
}

impl Collected {
    fn put(&mut self, job: &Job<'_>, result: JobResult) {
        for (case, played) in result.played {
            let key = (job.site.name.clone(), case);
            let results = self.results.entry(key).or_default();
            results.push((job.subject, played));
        }
        self.problems.extend(result.problems);
        self.requests += result.captured.requests;
        let wires = result.captured.wires.into_iter();
        self.wires.extend(wires.map(|wire| (job.place(), wire)));
    }
}

/// The name of a case, as filters and rows write it.
pub fn name(site: &Site, case: &Case) -> String {
    format!("{}/{}", site.name, case.name)
}

fn jobs<'a>(sites: &'a [Site], wanted: &dyn Fn(&str) -> bool, manner: Manner) -> Vec<Job<'a>> {
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
                capture: manner.capture && subject == Subject::Rjk,
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
    jobs.sort_by_key(|job| std::cmp::Reverse(job.estimate_ms()));
    jobs
}

impl Job<'_> {
    /// About how long it takes: its pauses, and some milliseconds for each case.
    fn estimate_ms(&self) -> u64 {
        let steps = self.cases.iter().flat_map(|case| &case.steps);
        let pauses: u64 = steps.filter_map(|step| step.sleep_ms).sum();
        pauses + 20 * self.cases.len() as u64
    }

    fn play(&self) -> JobResult {
        let caught = panic::catch_unwind(AssertUnwindSafe(|| self.try_play()));
        match caught.unwrap_or_else(|_| Err(anyhow::anyhow!("the test panicked"))) {
            Ok(result) => result,
            Err(error) => {
                let failed = |case: &&Case| (case.name.clone(), Err(format!("{error:#}")));
                JobResult {
                    played: self.cases.iter().map(failed).collect(),
                    ..JobResult::default()
                }
            }
        }
    }

    fn try_play(&self) -> Result<JobResult> {
        let mut stage = Stage::start(&self.server, self.subject, &self.purpose())?;
        let mut played = Vec::new();
        for case in &self.cases {
            let caught = panic::catch_unwind(AssertUnwindSafe(|| act::play(&mut stage, case)));
            let result = caught.unwrap_or_else(|_| Err(anyhow::anyhow!("the test panicked")));
            let result = result.map_err(|error| format!("{error:#}"));
            played.push((case.name.clone(), result));
        }
        let (problems, captured) = stage.finish();
        let label = |problem| format!("{} on {:?}: {problem}", self.place(), self.subject);
        Ok(JobResult {
            played,
            problems: problems.into_iter().map(label).collect(),
            captured,
        })
    }

    /// How the start of a server is to go; only a case with a server of its own may say so.
    fn purpose(&self) -> Purpose {
        let mut purpose = Purpose {
            capture: self.capture,
            ..Purpose::of(self.site)
        };
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
        .map(|((site, case), results)| {
            let (problems, noted) = judge(&results);
            let name = format!("{site}/{case}");
            Verdict {
                name,
                problems,
                noted,
            }
        })
        .collect();
    all.extend(problems.into_iter().map(|problem| Verdict {
        name: "logs".to_owned(),
        problems: vec![problem],
        noted: Vec::new(),
    }));
    all
}

/// What is wrong with a case, and where the modules differ and may.
fn judge(results: &[(Subject, Result<Played, String>)]) -> (Vec<String>, Vec<String>) {
    let (mut problems, mut noted) = (Vec::new(), Vec::new());
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
        let found = compare::all(&ours.transcripts, &theirs.transcripts);
        problems.extend(found.problems);
        noted = found.noted;
    }
    (problems, noted)
}
