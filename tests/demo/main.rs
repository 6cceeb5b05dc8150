//! `make demo`: a session survives the death of its Tomcat, step by step and with the proof of each.
//!
//! Starts two real Tomcat 9 that replicate their sessions and a real httpd with the module, all on
//! free ports of 127.0.0.1, and stops them again. Exits with 1, and keeps the logs, as soon as
//! something is not as it should be. With `--keep` all stays up for a browser until Ctrl-C.

#![forbid(unsafe_code)]

mod keep;
mod stage;
mod story;
mod visitor;

use anyhow::{Result, bail};
use stage::Stage;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let began = Instant::now();
    match run() {
        Ok(()) => {
            println!(
                "\nThe demo passed in {:.0} s.",
                began.elapsed().as_secs_f64()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nThe demo FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let keep = keep_is_asked_for()?;
    println!("mod_rjk demo: one httpd, two Tomcats, and a session that outlives its Tomcat\n");
    let mut stage =
        Stage::start().inspect_err(|error| stage::save(&[("start.log", format!("{error:#}"))]))?;
    stage.introduce();
    perform(&mut stage, keep).inspect_err(|_| stage.save_logs())?;
    stage.stop()
}

fn perform(stage: &mut Stage, keep: bool) -> Result<()> {
    story::tell(stage)?;
    if keep { keep::up(stage) } else { Ok(()) }
}

fn keep_is_asked_for() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(false),
        ["--keep"] => Ok(true),
        _ => bail!("usage: demo [--keep]"),
    }
}
