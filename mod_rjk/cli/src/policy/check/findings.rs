//! What a check found, as far as it came.

use crate::policy::decided;
use crate::policy::problem::Problem;
use crate::policy::target::Subject;
use rjk_balance::{Decision, Verdict};
use rjk_policy::Description;
use serde_json::{Value, json};
use std::fmt;

/// What is known of a component without running it, and what it did when it was run.
pub(super) struct Findings<'a> {
    subject: &'a Subject,
    about: &'a Description,
    pub(super) configured: bool,
    pub(super) chose: Option<Chose>,
    /// Fuel of an observation.
    pub(super) observe_fuel: Option<u64>,
}

/// A decision about GET /.
pub(super) struct Chose {
    pub(super) verdict: Verdict,
    /// The members.
    pub(super) names: Vec<String>,
    pub(super) fuel: u64,
}

impl<'a> Findings<'a> {
    pub(super) fn new(subject: &'a Subject, about: &'a Description) -> Findings<'a> {
        Findings {
            subject,
            about,
            configured: false,
            chose: None,
            observe_fuel: None,
        }
    }

    pub(super) fn to_json(&self, problem: Option<&Problem>) -> Value {
        let about = self.about;
        json!({
            "file": self.subject.file.display().to_string(),
            "size": about.size,
            "contract": format!("rjk:policy@{}", about.version),
            "imports": about.imports,
            "exports": about.exports,
            "observes": about.observes,
            "fuel_limit": self.subject.settings.fuel,
            "configured": self.configured,
            "choose": self.chose.as_ref().map(Chose::to_json),
            "observe": self.observe_fuel.map(|fuel| json!({"fuel": fuel})),
            "problem": problem.map(ToString::to_string),
        })
    }
}

impl Chose {
    fn to_json(&self) -> Value {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        json!({
            "decided": decided::to_json(self.verdict.decision, &names),
            "among": names,
            "fuel": self.fuel,
        })
    }

    fn words(&self) -> String {
        match self.verdict.decision {
            Decision::Builtin => "leaves GET / to the built-in rules".to_owned(),
            Decision::Reject(status) => format!("answers GET / with {status}"),
            Decision::Worker(index) => {
                let name = self.names.get(index).map_or("", String::as_str);
                format!("gives GET / to {name}")
            }
        }
    }
}

impl fmt::Display for Findings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (about, limit) = (self.about, self.subject.settings.fuel);
        writeln!(f, "file      {}", self.subject.file.display())?;
        writeln!(f, "size      {} bytes", about.size)?;
        writeln!(f, "contract  rjk:policy@{}", about.version)?;
        for (word, names) in [("imports", &about.imports), ("exports", &about.exports)] {
            for name in names {
                writeln!(f, "{word:<9} {name}")?;
            }
        }
        if about.observes {
            writeln!(f, "observes  attempts")?;
        }
        if self.subject.config.is_none() {
            return writeln!(
                f,
                "nothing of it was run; give --config '{{...}}' or --toml rjk.toml, and --members A,B,..."
            );
        }
        if self.configured {
            writeln!(f, "configure accepts the configuration")?;
        }
        if let Some(chose) = &self.chose {
            writeln!(
                f,
                "choose    {}, among {}, without a session; fuel {} of {limit}",
                chose.words(),
                chose.names.join(", "),
                chose.fuel,
            )?;
        }
        if let Some(fuel) = self.observe_fuel {
            writeln!(
                f,
                "observe   takes that it was answered with 200; fuel {fuel} of {limit}"
            )?;
        }
        Ok(())
    }
}
