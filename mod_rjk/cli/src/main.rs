//! The operator's command of mod_rjk.
#![forbid(unsafe_code)]

#[cfg(feature = "policy")]
mod policy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The operator's command of mod_rjk.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Routing policies: check a component, measure it.
    #[cfg(feature = "policy")]
    #[command(subcommand)]
    Policy(policy::Command),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        #[cfg(feature = "policy")]
        Command::Policy(command) => policy::run(&command, &mut std::io::stdout().lock()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("rjk: {problem}");
            ExitCode::FAILURE
        }
    }
}
