//! `rjk policy bench`.

use super::decided;
use super::lines::ToStderr;
use super::problem::Problem;
use super::request::RequestArguments;
use super::target::{Subject, Target, policy};
use clap::Args;
use rjk_policy::Code;
use rjk_policy::bench::{BATCHES, Figures, SampleRequest, measure, repeat};
use serde_json::{Value, json};
use std::io::Write;

/// What to measure.
#[derive(Debug, Args)]
pub struct Measurement {
    #[command(flatten)]
    target: Target,
    /// Numbers of candidates.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_value = "2,8,64", value_parser = candidates)]
    pub(super) candidates: Vec<usize>,
    #[command(flatten)]
    pub(super) request: RequestArguments,
    /// Only make that many decisions and say nothing, for tools that count instructions.
    #[arg(long)]
    decisions: Option<u32>,
}

impl Measurement {
    /// Measures, or only decides when that is wanted.
    pub(super) fn run(&self, json: bool, out: &mut dyn Write) -> Result<(), Problem> {
        let (subject, request) = (self.target.subject()?, self.request.sample());
        match (self.decisions, json) {
            (Some(decisions), _) => decide(&subject, &self.candidates, &request, decisions),
            (None, true) => bench_as_json(&subject, &self.candidates, &request, out),
            (None, false) => bench(&subject, &self.candidates, &request, out),
        }
    }
}

/// Each number of candidates is told as soon as it is known.
fn bench(
    subject: &Subject,
    counts: &[usize],
    request: &SampleRequest,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let code = subject.load()?;
    writeln!(
        out,
        "lowest median of {BATCHES} batches, and p99 of single decisions"
    )?;
    for &count in counts {
        let figures = figures(subject, &code, count, request)?;
        writeln!(
            out,
            "{count:>4} candidates  {:>7.3} µs  p99 {:>8.3} µs  {:?}",
            figures.lowest_ns / 1e3,
            figures.p99.as_secs_f64() * 1e6,
            figures.decision,
        )?;
    }
    Ok(())
}

fn bench_as_json(
    subject: &Subject,
    counts: &[usize],
    request: &SampleRequest,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let code = subject.load()?;
    let one = |count: &usize| {
        let figures = figures(subject, &code, *count, request)?;
        let members = subject.members(*count);
        let names: Vec<&str> = members.names().collect();
        Ok(json!({
            "candidates": count,
            "lowest_median_ns": figures.lowest_ns,
            "p99_ns": u64::try_from(figures.p99.as_nanos()).unwrap_or(u64::MAX),
            "decided": decided::to_json(figures.decision, &names),
        }))
    };
    let figures = counts.iter().map(one);
    let figures = figures.collect::<Result<Vec<Value>, Problem>>()?;
    let file = subject.file.display().to_string();
    let value = json!({"file": file, "batches": BATCHES, "figures": figures});
    writeln!(out, "{value}")?;
    Ok(())
}

fn figures(
    subject: &Subject,
    code: &Code,
    count: usize,
    request: &SampleRequest,
) -> Result<Figures, Problem> {
    let policy = policy(subject.configure(code, count, &ToStderr, None)?);
    measure(&policy, request, count).map_err(|kind| Problem::Measured(subject.file.clone(), kind))
}

fn decide(
    subject: &Subject,
    counts: &[usize],
    request: &SampleRequest,
    decisions: u32,
) -> Result<(), Problem> {
    let code = subject.load()?;
    for &count in counts {
        let policy = policy(subject.configure(&code, count, &ToStderr, None)?);
        repeat(&policy, request, count, decisions)
            .map_err(|kind| Problem::Measured(subject.file.clone(), kind))?;
    }
    Ok(())
}

fn candidates(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("write a number from 1 to 1000".to_owned()),
    }
}
