//! Plays the table of cases: `cargo test -p rjk-testbed --test parity -- FILTER…`.
//!
//! A case is played when its name, `SITE/CASE`, has one of the filters in it; `--list` names them all.
//! `--report` plays all and shows where the modules differ and what became of the rows (`make parity`);
//! `--slow` shows what took longest; `--write-rows` writes docs/mod_jk-rows.md (`make rows`).

#![forbid(unsafe_code)]

use rjk_testbed::module;
use rjk_testbed::parity::run::{self, Manner, Outcome, Verdict};
use rjk_testbed::parity::{self, Site, dissect, report};
use rjk_testbed::rows::{self, Rows};
use rjk_testbed::{Result, Subject};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match act(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn act(arguments: &[String]) -> Result<bool> {
    let has = |flag: &str| arguments.iter().any(|word| word == flag);
    let filters = arguments.iter().filter(|word| !word.starts_with('-'));
    let filters: Vec<&str> = filters.map(String::as_str).collect();
    let wanted =
        |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter));
    let sites = parity::load()?;
    if has("--list") {
        list(&sites, &wanted);
        return Ok(true);
    }
    if has("--write-rows") {
        rows::page::write(&Rows::load(&sites)?)?;
        return Ok(true);
    }
    let manner = Manner {
        threads: threads(),
        capture: has("--report"),
    };
    let begun = Instant::now();
    let outcome = run::all(&sites, manner, &wanted);
    let passed = show(&outcome, begun.elapsed());
    if has("--slow") {
        show_slow(outcome.took.clone());
    }
    if has("--report") {
        return Ok(report(&sites, &outcome)? && passed);
    }
    Ok(passed)
}

fn list(sites: &[Site], wanted: &dyn Fn(&str) -> bool) {
    for site in sites {
        let names = site.cases.iter().map(|case| run::name(site, case));
        names
            .filter(|name| wanted(name))
            .for_each(|name| println!("{name}: test"));
    }
}

/// Shows what is wrong; whether nothing is.
fn show(outcome: &Outcome, took: Duration) -> bool {
    let is_failed = |verdict: &&Verdict| !verdict.problems.is_empty();
    let failed: Vec<&Verdict> = outcome.verdicts.iter().filter(is_failed).collect();
    for verdict in &failed {
        println!("FAILED {}", verdict.name);
        for problem in &verdict.problems {
            problem
                .lines()
                .for_each(|line| println!("  {}", short(line, 600)));
        }
    }
    let (all, failed) = (outcome.verdicts.len(), failed.len());
    let seconds = took.as_secs_f64();
    println!("parity: {all} cases played, {failed} failed, {seconds:.1} s");
    failed == 0
}

/// Shows what took longest.
fn show_slow(mut took: Vec<(String, Subject, Duration)>) {
    took.sort_by_key(|(_, _, took)| std::cmp::Reverse(*took));
    for (place, subject, took) in took.iter().take(20) {
        println!("{:6.1} s  {subject:?}  {place}", took.as_secs_f64());
    }
}

/// The beginning of a long line.
fn short(line: &str, most: usize) -> &str {
    &line[..line.floor_char_boundary(most.min(line.len()))]
}

/// Shows where the modules differ, what a network tool finds, and the rows.
fn report(sites: &[Site], outcome: &Outcome) -> Result<bool> {
    println!("\nWhere the modules differ:\n");
    for site in sites {
        for case in &site.cases {
            print!("{}", report::differences(site, case));
        }
    }
    println!("\nWhere they differ in what `vary` lets them:\n");
    for verdict in &outcome.verdicts {
        for noted in &verdict.noted {
            let lines = noted.lines().map(|line| short(line, 160));
            println!("{}, {}", verdict.name, lines.collect::<Vec<_>>().join("\n"));
        }
    }
    let rows = Rows::load(sites)?;
    println!("\nRows in which mod_jk 1.2.48 differs from 1.2.51:\n");
    for row in rows.all() {
        if let Some(older) = &row.older {
            println!("{}: {older}", row.id);
        }
    }
    let capture = module::repository().join("target/parity.pcap");
    let mut problems = dissect::problems(outcome, &capture)?;
    let (requests, wires) = (outcome.requests, outcome.wires.len());
    println!("\nThe wire: {requests} requests in {wires} exchanges, read by tshark.");
    problems.extend(rows::check::problems(&rows)?);
    for problem in &problems {
        println!("FAILED {problem}");
    }
    println!("\n{}", rows.counts());
    Ok(problems.is_empty())
}

/// As many servers at a time as tests run at a time.
fn threads() -> usize {
    let wanted = std::env::var("RUST_TEST_THREADS").ok();
    wanted.and_then(|count| count.parse().ok()).unwrap_or(4)
}
