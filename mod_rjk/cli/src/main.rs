//! The operator's command of mod_rjk.
#![forbid(unsafe_code)]

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
    /// Routing policies: from a crate to a component, check it, measure it.
    #[command(subcommand)]
    Policy(policy::Command),
}

/// Bytes of stack: the 8 MiB that checking a policy wants, and some for the command itself.
const STACK: usize = 9 << 20;

/// All happens on a thread of its own, whose stack does not depend on `ulimit -s`.
fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    match thread {
        Ok(thread) => thread.join().unwrap_or(ExitCode::FAILURE),
        Err(error) => {
            eprintln!("rjk: a thread with {STACK} bytes of stack cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> ExitCode {
    let result = match Arguments::parse().command {
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
