//! `rjk policy`: the way of a policy from a crate to a component, which it looks at as the module would.

#[cfg(feature = "policy")]
mod bench;
#[cfg(feature = "policy")]
mod check;
#[cfg(feature = "policy")]
mod decided;
#[cfg(feature = "policy")]
mod lines;
mod new;
mod pack;
mod problem;
#[cfg(feature = "policy")]
mod replay;
#[cfg(feature = "policy")]
mod request;
#[cfg(feature = "policy")]
mod target;
#[cfg(test)]
#[cfg(feature = "policy")]
mod tests;
#[cfg(feature = "policy")]
mod trial;

use crate::manners::Ending;
#[cfg(feature = "policy")]
use bench::Measurement;
use clap::Subcommand;
use new::Beginning;
use pack::Packing;
pub use problem::Problem;
#[cfg(feature = "policy")]
use replay::Replaying;
use std::io::Write;
#[cfg(feature = "policy")]
use target::Target;
#[cfg(feature = "policy")]
use trial::Trying;

/// `rjk policy …`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begins a policy: writes a crate with the SDK, a first policy, its test and a README.
    #[command(after_help = "Example:\n  rjk policy new tenants --at ~/tenants")]
    New(Beginning),
    /// Makes a component of the core module that a compiler made.
    #[command(after_help = "Example:\n  rjk policy pack -o tenants.wasm")]
    Pack(Packing),
    /// Loads a component as the module would, and says what it imports, its size and its version.
    /// With --config or --toml also runs it: its configure, and one decision.
    #[cfg(feature = "policy")]
    #[command(
        after_help = "Example:\n  rjk policy check tenants.wasm --toml conf/rjk.toml --policy tenants"
    )]
    Check(Box<Target>),
    /// Shows one decision of a component, with all that it asked the host.
    #[cfg(feature = "policy")]
    #[command(
        after_help = "Example:\n  rjk policy try tenants.wasm --config '{\"header\":\"X-Tenant\"}' --members was1,was2 --header 'X-Tenant: acme'"
    )]
    Try(Box<Trying>),
    /// Measures a decision of a component.
    #[cfg(feature = "policy")]
    #[command(after_help = "Example:\n  rjk policy bench tenants.wasm --members was1,was2")]
    Bench(Box<Measurement>),
    /// Runs a component over recorded decisions, and says which would have been other ones.
    /// Ends with 1 if any would.
    #[cfg(feature = "policy")]
    #[command(
        after_help = "Example:\n  rjk policy replay tenants.wasm --record logs/lb.record --record logs/lb.record.1"
    )]
    Replay(Box<Replaying>),
}

/// Runs a command; `out` takes its result, with `json` as one JSON value on a line.
///
/// # Errors
/// [`Problem`].
pub fn run(command: &Command, json: bool, out: &mut dyn Write) -> Result<Ending, Problem> {
    let done = match command {
        Command::New(beginning) => beginning.run(json, out),
        Command::Pack(packing) => packing.run(json, out),
        #[cfg(feature = "policy")]
        Command::Check(target) => check::check(target, json, out),
        #[cfg(feature = "policy")]
        Command::Try(trying) => trying.run(json, out),
        #[cfg(feature = "policy")]
        Command::Bench(measurement) => measurement.run(json, out),
        #[cfg(feature = "policy")]
        Command::Replay(replaying) => return replaying.run(json, out),
    };
    done.map(|()| Ending::Fine)
}
