//! `make bench`: mod_rjk beside its peers, on this machine.
//!
//! What is compared at which points stands in [`plan`]. All servers of a point run at the same time;
//! each round loads one after the other, in an order in which each follows each as often, so that what
//! else happens on the machine meets all of them. Each series starts new ones, and mod_rjk is there
//! twice, which shows what of a difference is chance. Figures are medians of all rounds with their
//! quartiles; ratios are taken round by round. CPU time is user and system time of httpd's children.
//! httpd has one CPU, what loads it and what answers it the others: who shares a CPU with whom would
//! make more of a difference than what is measured.

#![forbid(unsafe_code)]

mod backends;
mod bars;
mod cpus;
mod instructions;
mod load;
mod machine;
mod measure;
mod options;
mod order;
mod plan;
mod report;
mod results;
mod site;
mod stats;
mod stub;
mod syscalls;

use cpus::Cpus;
use machine::Machine;
use options::Options;
use plan::{POINTS, Plan};
use results::Results;
use rjk_testbed::{Result, ensure, process};
use std::time::Instant;

fn main() -> Result {
    let options = Options::parse(std::env::args().skip(1))?;
    if options.list {
        POINTS
            .iter()
            .for_each(|point| println!("{:<14}{}", point.name, point.title));
        return Ok(());
    }
    let plan = Plan::new(options.quick, &options.points)?;
    let cpus = Cpus::of_this_machine()?;
    process::allow_many_files()?;
    println!(
        "{} points, about {} minutes",
        plan.points.len(),
        plan.estimate().as_secs().div_ceil(60)
    );
    let mut results = Results {
        machine: Machine::this(),
        command: options.command(),
        plan,
        points: Vec::new(),
        failed: Vec::new(),
    };
    run(&mut results, &cpus)?;
    println!("\n{}", report::bar_lines(&results));
    println!("Tables, plots and JSON: {}", report::folder().display());
    if options.docs {
        report::write_docs(&results)?;
    }
    let failed = &results.failed;
    ensure!(failed.is_empty(), "failed: {}", failed.join("\n"));
    Ok(())
}

/// Point by point; what was measured so far is written after each. One that fails, with a wrong answer for
/// instance, does not take the others with it.
fn run(results: &mut Results, cpus: &Cpus) -> Result {
    let start = Instant::now();
    for point in results.plan.points.clone() {
        println!("{:>5} s  {}", start.elapsed().as_secs(), point.title);
        match measure::measure(point, &results.plan.scale, cpus) {
            Ok(at) => results.points.push(at),
            Err(error) => results.failed.push(format!("{}: {error:#}", point.name)),
        }
        report::write(results)?;
    }
    Ok(())
}
