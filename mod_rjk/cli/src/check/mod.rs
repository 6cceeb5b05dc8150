//! `rjk check`: what is wrong with a configuration, or odd in it, before httpd is asked.

mod finding;
mod findings;
pub mod httpd_conf;
mod kind;
pub mod site;
mod tomcat;

pub use finding::{Finding, Severity};

use crate::manners::{Ending, Outcome, Printer};
use serde::Serialize;
use site::Given;
use std::path::PathBuf;
use tomcat::Tomcat;

/// `rjk check`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  rjk check /etc/apache2/apache2.conf --tomcat /var/lib/tomcat10

Each finding is a line: FILE:LINE: severity: text; remedy. An error is what httpd does not start with, or what lets no request through.
Exit codes: 0 nothing was found, 1 something was, 2 the command could not run.")]
pub struct Checking {
    #[command(flatten)]
    given: Given,
    /// CATALINA_BASE of a Tomcat behind it, whose conf/server.xml must fit, or that file; can be given several times
    #[arg(long, value_name = "PATH")]
    tomcat: Vec<PathBuf>,
    /// Ends with 1 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    fail_on: Severity,
}

#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Finding],
}

impl Checking {
    /// Checks, and writes what was found.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn run(&self, out: &mut Printer) -> Outcome {
        let findings = self.findings()?;
        if out.json() {
            out.value(&Report {
                findings: &findings,
            })?;
        } else {
            for finding in &findings {
                finding.write(out)?;
            }
        }
        let fails = |finding: &Finding| finding.severity >= self.fail_on;
        Ok(match findings.iter().any(fails) {
            true => Ending::Found,
            false => Ending::Fine,
        })
    }

    fn findings(&self) -> Result<Vec<Finding>, Unable> {
        let mut sites = site::sites(&self.given)?;
        let tomcats = self.tomcat.iter().map(|base| Tomcat::read(base));
        let tomcats = tomcats.collect::<Result<Vec<_>, _>>()?;
        let mut found = Vec::new();
        for site in &mut sites {
            let more = findings::all(site, &tomcats);
            found.append(&mut site.findings);
            found.extend(more);
        }
        self.shorten(&mut found);
        Ok(finding::in_order(found))
    }

    /// Files are shown as they were named: below the current folder, if that is how.
    fn shorten(&self, findings: &mut [Finding]) {
        if self.given.paths.iter().any(|path| path.is_absolute()) {
            return;
        }
        let Ok(here) = std::env::current_dir() else {
            return;
        };
        let here = format!("{}/", here.display());
        for finding in findings {
            for text in [&mut finding.file, &mut finding.message] {
                *text = text.replace(&here, "");
            }
        }
    }
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
enum Unable {
    #[error(transparent)]
    Files(#[from] site::Unusable),
    #[error(transparent)]
    Tomcat(#[from] tomcat::Unreadable),
}

#[cfg(test)]
mod tests;
