//! `rjk policy replay`: another policy, or version, over recorded decisions.

mod report;
mod request;
mod rerun;
#[cfg(test)]
mod tests;

use super::problem::Problem;
use super::target::Target;
use crate::manners::Ending;
use clap::Args;
use rerun::Rerun;
use rjk_record::{Event, read};
use std::io::Write;
use std::path::PathBuf;

/// What to replay. The members are those of the record.
#[derive(Debug, Args)]
pub struct Replaying {
    #[command(flatten)]
    target: Target,
    /// A file that `[balancer.NAME] record` wrote; FILE.1, which has what came before, is named too.
    #[arg(long, value_name = "FILE", required = true)]
    record: Vec<PathBuf>,
}

impl Replaying {
    pub(super) fn run(&self, json: bool, out: &mut dyn Write) -> Result<Ending, Problem> {
        let subject = self.target.subject()?;
        if subject.has_members() {
            let reason = "the members come from the record; leave --members and --workers out";
            return Err(Problem::Arguments(reason.to_owned()));
        }
        let files = self
            .record
            .iter()
            .map(|file| std::fs::read(file).map_err(|error| Problem::Input(file.clone(), error)));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        let record = read(files.iter().map(Vec::as_slice));
        let has_decisions = record
            .events
            .iter()
            .any(|event| matches!(event, Event::Decision(_)));
        if !has_decisions {
            let names = self.record.iter().map(|file| file.display().to_string());
            return Err(Problem::Arguments(format!(
                "{}: no decision is in there, {} lines were left out; name a file that \
                 [balancer.NAME] record in rjk.toml wrote",
                names.collect::<Vec<_>>().join(", "),
                record.left_out
            )));
        }
        let report = Rerun::new(&subject, &record)?.run()?;
        match json {
            true => writeln!(out, "{}", report.to_json())?,
            false => write!(out, "{report}")?,
        }
        Ok(match report.differs() {
            true => Ending::Found,
            false => Ending::Fine,
        })
    }
}
