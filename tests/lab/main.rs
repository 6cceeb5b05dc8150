//! `make lab`: the whole deployment on one machine, taken through what happens to it in its life.
//!
//! Two web hosts, two hosts with Tomcats, two sites, a network between them and its firewalls: each
//! host is a network namespace. All of it lives in namespaces of its own (network, mounts, processes),
//! so that nothing of the machine's is changed and nothing can be left behind. Each step says what was
//! asked and what came back; users click on all the time, and their failed requests are counted. Exits
//! with 1 if a step did not hold. With `--keep` all stays up until Ctrl-C, with `--steps N` it ends early.

#![forbid(unsafe_code)]

mod enclosure;
mod folders;
mod keep;
mod lab;
mod network;
mod off_ajp;
mod operator;
mod options;
mod player;
mod report;
mod shell;
mod site;
mod steps;
mod tomcat;
mod users;
mod visit;
mod web;

use anyhow::Result;
use lab::{Lab, Plan};
use options::Options;
use report::Report;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nThe lab FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let options = Options::read()?;
    match enclosure::inside()? {
        Some(seat) => perform(&options, &seat),
        None => enclosure::enter(match options.off_ajp {
            Some(_) => &off_ajp::PROGRAMS,
            None => &[],
        }),
    }
}

fn perform(options: &Options, seat: &enclosure::Seat) -> Result<ExitCode> {
    if let Some(version) = options.off_ajp {
        return off_ajp::perform(version);
    }
    let began = Instant::now();
    println!(
        "mod_rjk lab, with {}: two web hosts, four Tomcats, two sites\n",
        options.name()
    );
    let mut lab = Lab::start(&Plan::whole(options.subject))?;
    lab.introduce();
    let mut report = Report::new(options.subject);
    steps::walk(&mut lab, &mut report, options.steps);
    report.seconds(began.elapsed());
    if !report.held() {
        lab.save_logs();
    }
    report.show(options.steps == usize::MAX)?;
    if options.keep {
        keep::up(&mut lab, seat, report.exit())?;
    }
    lab.stop()?;
    Ok(ExitCode::from(report.exit()))
}
