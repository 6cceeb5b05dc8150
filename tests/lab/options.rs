//! What the lab is asked for.

use anyhow::{Context, Result, bail};
use rjk_testbed::{Subject, Version};

/// The variable that chooses the module.
const MODULE: &str = "LAB_MODULE";

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The module in both web hosts.
    pub subject: Subject,
    /// Stays up at the end.
    pub keep: bool,
    /// Plays so many steps, from the first one on.
    pub steps: usize,
    /// Goes through docs/off-ajp.md instead, with this Tomcat.
    pub off_ajp: Option<Version>,
}

impl Options {
    /// From the command line and the environment.
    pub fn read() -> Result<Options> {
        let mut arguments = std::env::args().skip(1);
        let (mut keep, mut steps, mut off_ajp) = (false, usize::MAX, None);
        while let Some(argument) = arguments.next() {
            match (argument.as_str(), &mut arguments) {
                ("--keep", _) => keep = true,
                ("--steps", more) => steps = more.next().context("--steps N")?.parse()?,
                ("--off-ajp", more) => off_ajp = Some(version(more.next().as_deref())?),
                _ => bail!(
                    "usage: [{MODULE}=mod_rjk|mod_jk] lab [--keep] [--steps N] [--off-ajp 9|10]"
                ),
            }
        }
        let subject = match std::env::var(MODULE).unwrap_or_default().as_str() {
            "" | "mod_rjk" => Subject::Rjk,
            "mod_jk" => Subject::ModJk,
            other => bail!("{MODULE}={other} is neither mod_rjk nor mod_jk"),
        };
        Ok(Options {
            subject,
            keep,
            steps,
            off_ajp,
        })
    }

    /// The module's name.
    pub fn name(&self) -> &'static str {
        name(self.subject)
    }
}

fn version(word: Option<&str>) -> Result<Version> {
    match word {
        Some("9") => Ok(Version::V9),
        Some("10") => Ok(Version::V10),
        _ => bail!("--off-ajp 9, or --off-ajp 10"),
    }
}

/// A module's name.
pub fn name(subject: Subject) -> &'static str {
    match subject {
        Subject::Rjk => "mod_rjk",
        Subject::ModJk => "mod_jk",
    }
}
