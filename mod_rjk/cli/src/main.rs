//! The operator's command of mod_rjk.
#![forbid(unsafe_code)]

mod check;
mod explain;
mod farm;
mod manners;
mod manual;
mod peer;
mod policy;
mod top;

use clap::{CommandFactory, Parser, Subcommand};
use manners::{Ending, Failure, Outcome, Printer, tell};
use std::process::ExitCode;

/// The operator's command of mod_rjk.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 all is well, 1 something was found, 2 the command could not run."
)]
struct Arguments {
    /// Writes the result as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Finds what is wrong with a configuration, or odd in it: httpd's, workers.properties, a map file, rjk.toml.
    Check(check::Checking),
    /// Says where a request would go by these files: virtual host, rule, worker and member, and why.
    Explain(explain::Explaining),
    /// Shows what the status workers of web hosts say, as one table.
    Status(farm::Status),
    /// Shows the members of several web hosts live, with requests and errors per second.
    Top(top::Top),
    /// Gives members of a balancer no new sessions, on several web hosts, and may wait until they are idle.
    Drain(farm::Drain),
    /// Gives members of a balancer no new sessions (activation DIS), on several web hosts.
    Disable(farm::Disable),
    /// Gives members of a balancer no requests (activation STP), on several web hosts.
    Stop(farm::Stop),
    /// Gives members of a balancer all requests again (activation ACT), on several web hosts.
    Activate(farm::Activate),
    /// Has the counts of members begin at zero, on several web hosts.
    Reset(farm::Reset),
    /// Asks a Tomcat for CPONG, or over HTTP for a path, again and again: does it answer, and how fast.
    Ping(peer::Pinging),
    /// Sends one request to a Tomcat as the module would, over AJP or HTTP, in TLS or through a unix socket.
    Get(Box<peer::Getting>),
    /// Routing policies: from a crate to a component, check it, measure it.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Prints the manual pages: of this command, mod_rjk.conf(5) and rjk.toml(5).
    Manual(manual::Manual),
    /// Prints what makes a shell complete this command.
    Completions(manual::Completions),
    /// Prints the JSON schema of rjk.toml, for editors.
    Schema(manual::Schema),
}

impl Command {
    fn run(&self, printer: &mut Printer) -> Outcome {
        match self {
            Command::Check(checking) => checking.run(printer),
            Command::Explain(explaining) => explaining.run(printer),
            Command::Status(status) => status.run(printer),
            Command::Top(top) => top.run(printer),
            Command::Drain(drain) => drain.run(printer),
            Command::Disable(disable) => disable.run(printer),
            Command::Stop(stop) => stop.run(printer),
            Command::Activate(activate) => activate.run(printer),
            Command::Reset(reset) => reset.run(printer),
            Command::Ping(pinging) => pinging.run(printer),
            Command::Get(getting) => getting.run(printer),
            Command::Policy(command) => {
                policy::run(command, printer.json(), printer).map_err(|problem| Failure {
                    ending: problem.ending(),
                    error: Box::new(problem),
                })
            }
            Command::Manual(manual) => manual.run(Arguments::command(), printer),
            Command::Completions(shell) => shell.run(Arguments::command(), printer),
            Command::Schema(schema) => schema.run(printer),
        }
    }
}

/// Bytes of stack: the 8 MiB that checking a policy wants, and some for the command itself.
const STACK: usize = 9 << 20;

/// All happens on a thread of its own, whose stack does not depend on `ulimit -s`.
fn main() -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    let ending = match thread {
        Ok(thread) => thread.join().unwrap_or(Ending::CouldNotRun),
        Err(error) => {
            tell(format_args!(
                "rjk: a thread with {STACK} bytes of stack cannot be started: {error}"
            ));
            Ending::CouldNotRun
        }
    };
    ending.into()
}

fn run() -> Ending {
    let arguments = Arguments::parse();
    let mut printer = Printer::stdout(arguments.json);
    match arguments.command.run(&mut printer) {
        Ok(ending) => ending,
        Err(Failure { ending, error }) => {
            tell(format_args!("rjk: {error}"));
            ending
        }
    }
}
