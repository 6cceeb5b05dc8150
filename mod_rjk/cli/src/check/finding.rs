//! What is found, and how it is told.

use crate::manners::harmless;
use anstyle::{AnsiColor, Style};
use rjk_config::error::{Code, ConfigError, Location, Warning};
use serde::Serialize;
use std::fmt;
use std::io::{self, Write};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works; something else would be better.
    Hint,
    /// It works otherwise than it looks.
    Warning,
    /// httpd does not start with it, or no request gets through.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Hint => "hint",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

impl Severity {
    fn style(self) -> Style {
        let color = match self {
            Severity::Hint => AnsiColor::Cyan,
            Severity::Warning => AnsiColor::Yellow,
            Severity::Error => AnsiColor::Red,
        };
        color.on_default().bold()
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// Its line; `None` when none is to blame.
    pub line: Option<u32>,
    /// How grave it is.
    pub severity: Severity,
    /// What kind of mistake it is.
    pub code: Code,
    /// What is wrong; what to do.
    pub message: String,
}

impl Finding {
    /// A finding at a line.
    pub fn at(
        place: &Location,
        severity: Severity,
        code: Code,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            file: place.file.to_string(),
            // What comes from no line of a file has line 0.
            line: (place.line > 0).then_some(place.line),
            severity,
            code,
            message: message.into(),
        }
    }

    /// What the module refuses; `file` stands for a line that there is not.
    pub fn error(error: &ConfigError, file: &Location) -> Finding {
        let place = error.location().unwrap_or(file);
        Finding::at(place, Severity::Error, error.code(), error.message())
    }

    /// What the module warns of.
    pub fn warning(warning: &Warning, file: &Location) -> Finding {
        let place = warning.location.as_ref().unwrap_or(file);
        Finding::at(place, Severity::Warning, warning.code, &warning.message)
    }

    /// `FILE:LINE: severity: text; remedy`.
    ///
    /// # Errors
    /// As [`Write::write`].
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Finding {
            severity, message, ..
        } = self;
        let style = severity.style();
        write!(out, "{}:", harmless(&self.file))?;
        if let Some(line) = self.line {
            write!(out, "{line}:")?;
        }
        let message = harmless(message);
        writeln!(out, " {style}{severity}{style:#}: {message}")
    }
}

/// Each once, files in the order in which they were come to.
pub fn in_order(findings: Vec<Finding>) -> Vec<Finding> {
    let mut files: Vec<String> = Vec::new();
    let mut kept: Vec<(usize, Finding)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for finding in findings {
        let known = files.iter().position(|file| *file == finding.file);
        let file = known.unwrap_or_else(|| {
            files.push(finding.file.clone());
            files.len() - 1
        });
        let key = (file, finding.line, finding.code, finding.message.clone());
        if seen.insert(key) {
            kept.push((file, finding));
        }
    }
    kept.sort_by_key(|(file, finding)| (*file, finding.line, std::cmp::Reverse(finding.severity)));
    kept.into_iter().map(|(_, finding)| finding).collect()
}
