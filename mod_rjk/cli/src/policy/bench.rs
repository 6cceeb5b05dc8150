//! `rjk policy bench`.

use super::problem::Problem;
use super::target::Target;
use clap::Args;
use rjk_policy::bench::{BATCHES, Figures, SampleRequest, measure, repeat};
use rjk_policy::{Ample, Policy};
use std::io::Write;

/// What to measure.
#[derive(Debug, Args)]
pub struct Measurement {
    #[command(flatten)]
    target: Target,
    /// Numbers of candidates.
    #[arg(long, value_delimiter = ',', default_values_t = [2, 8, 64], value_parser = candidates)]
    pub(super) candidates: Vec<usize>,
    /// A request header, `NAME: VALUE`.
    #[arg(long, value_parser = header)]
    pub(super) header: Vec<(String, String)>,
    /// A cookie, `NAME=VALUE`.
    #[arg(long, value_parser = cookie)]
    pub(super) cookie: Vec<(String, String)>,
    /// Path of the request.
    #[arg(long, default_value = "/")]
    path: String,
    /// Only make that many decisions, for tools that count instructions.
    #[arg(long)]
    decisions: Option<u32>,
}

impl Measurement {
    /// Measures, or only decides when that is wanted.
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Problem> {
        let request = SampleRequest {
            path: self.path.clone(),
            headers: self.header.clone(),
            cookies: self.cookie.clone(),
        };
        match self.decisions {
            Some(decisions) => decide(&self.target, &self.candidates, &request, decisions),
            None => bench(&self.target, &self.candidates, &request, out),
        }
    }
}

fn bench(
    target: &Target,
    counts: &[usize],
    request: &SampleRequest,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    let code = target.load()?;
    writeln!(
        out,
        "lowest median of {BATCHES} batches, and p99 of single decisions"
    )?;
    for &count in counts {
        let compiled = target.configure(&code, count)?;
        let state = compiled.leaked_state();
        let policy = Policy::new(compiled, 1, state, &Ample);
        let figures: Figures = measure(&policy, request, count)
            .map_err(|kind| Problem::Fault(target.file.clone(), kind))?;
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

fn decide(
    target: &Target,
    counts: &[usize],
    request: &SampleRequest,
    decisions: u32,
) -> Result<(), Problem> {
    let code = target.load()?;
    for &count in counts {
        let compiled = target.configure(&code, count)?;
        let state = compiled.leaked_state();
        let policy = Policy::new(compiled, 1, state, &Ample);
        repeat(&policy, request, count, decisions)
            .map_err(|kind| Problem::Fault(target.file.clone(), kind))?;
    }
    Ok(())
}

fn header(text: &str) -> Result<(String, String), String> {
    split(text, ':', "NAME: VALUE")
}

fn cookie(text: &str) -> Result<(String, String), String> {
    split(text, '=', "NAME=VALUE")
}

fn split(text: &str, mark: char, form: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(mark).ok_or(format!("write {form}"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn candidates(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err("write a number from 1 to 1000".to_owned()),
    }
}
