//! `rjk explain`: where a request would go, by the same files and the same code as in httpd.

mod answer;
mod balance;
mod hosts;
mod kept;
mod target;
mod why;
mod words;

use crate::check::site::{self, Given, Site};
use crate::check::{Finding, Severity};
use crate::manners::{Ending, Outcome, Printer};
use answer::Answer;
use target::Target;

/// `rjk explain`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Example:
  rjk explain 'http://shop.example.com/cart;jsessionid=0A1B.was1' /etc/apache2/apache2.conf

Nothing is asked of a running server: members count as usable and idle, unless the files say otherwise.
Exit codes: 0 the request is served, 1 it ends in an error, 2 the command could not run.")]
pub struct Explaining {
    /// Of the request: http://host/path, or a path alone
    url: String,
    #[command(flatten)]
    given: Given,
    /// The Host header, where the URL has none or another one
    #[arg(long)]
    host: Option<String>,
    /// A Cookie header, such as JSESSIONID=0A1B.was1; can be given several times
    #[arg(long)]
    cookie: Vec<String>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
enum Unable {
    #[error(transparent)]
    Files(#[from] site::Unusable),
    #[error("{0:?} is no URL and no path; write http://host/path or /path")]
    Url(String),
    #[error("the files are several configurations; name those of one")]
    Several,
    #[error("httpd does not start with it: {place}{message}; see rjk check", place = place(.0), message = .0.message)]
    Refused(Box<Finding>),
}

fn place(finding: &Finding) -> String {
    match finding.line {
        Some(line) => format!("{}:{line}: ", finding.file),
        None => format!("{}: ", finding.file),
    }
}

impl Explaining {
    /// Says where the request would go.
    ///
    /// # Errors
    /// A file cannot be read, or httpd would not start.
    pub fn run(&self, out: &mut Printer) -> Outcome {
        let site = self.site()?;
        let target = Target::parse(&self.url, self.host.as_deref())
            .ok_or_else(|| Unable::Url(self.url.clone()))?;
        let answer = Answer::of(&site, &target, &self.cookie);
        if out.json() {
            out.value(&answer)?;
        } else {
            answer.write(out)?;
        }
        Ok(match answer.status {
            Some(_) => Ending::Found,
            None => Ending::Fine,
        })
    }

    fn site(&self) -> Result<Site, Unable> {
        let mut sites = site::sites(&self.given)?.into_iter();
        let (Some(mut site), None) = (sites.next(), sites.next()) else {
            return Err(Unable::Several);
        };
        let error = |finding: &Finding| finding.severity == Severity::Error;
        match site.findings.iter().position(error) {
            Some(at) => Err(Unable::Refused(Box::new(site.findings.swap_remove(at)))),
            None => Ok(site),
        }
    }
}

#[cfg(test)]
mod tests;
