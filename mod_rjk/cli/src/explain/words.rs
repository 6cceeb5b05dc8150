//! An answer for people.

use super::answer::{Answer, Member, Outcome, Rule, Session, Worker};
use crate::manners::harmless;
use std::io::{self, Write};

impl Answer {
    /// A line for each step.
    ///
    /// # Errors
    /// As [`Write::write`].
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (name, text) in self.lines() {
            writeln!(out, "{name:<13} {}", harmless(&text))?;
        }
        Ok(())
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let host = match &self.virtual_host {
            Some(host) => format!("{} ({}:{})", host.name, host.file, host.line),
            None => "none, the main server".to_owned(),
        };
        let ids = self.session.as_ref().map(Session::words);
        let all = [
            ("path", self.path.clone()),
            ("virtual host", Some(host)),
            ("rule", self.rule.as_ref().map(Rule::words)),
            ("worker", self.worker.as_ref().map(Worker::words)),
            ("session", ids.filter(|ids| !ids.is_empty())),
            ("member", self.member.as_ref().map(Member::words)),
            ("so", Some(self.so())),
        ];
        let all = all.into_iter();
        let all = all.filter_map(|(name, text)| Some((name, text?)));
        let why = self.why.iter().map(|why| ("because", why.clone()));
        all.chain(why).collect()
    }

    fn so(&self) -> String {
        match (self.outcome, self.status) {
            (Outcome::Error, Some(status)) => format!("status {status}"),
            (Outcome::Forwarded, _) => "a Tomcat gets it".to_owned(),
            (Outcome::Status, _) => "the status page answers".to_owned(),
            _ => "httpd serves it itself".to_owned(),
        }
    }
}

impl Rule {
    fn words(&self) -> String {
        let Rule {
            pattern, worker, ..
        } = self;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{pattern} to {worker} ({file}:{line})"),
            _ => format!("{pattern} to {worker}"),
        }
    }
}

impl Worker {
    fn words(&self) -> String {
        let Worker {
            name,
            kind,
            address,
        } = self;
        let kind = kind.unwrap_or("unknown");
        match address {
            Some(address) => format!("{name} ({kind} {address})"),
            None => format!("{name} ({kind})"),
        }
    }
}

impl Session {
    fn words(&self) -> String {
        self.ids.join(", ")
    }
}

impl Member {
    fn words(&self) -> String {
        let sticky = if self.sticky { ", sticky" } else { "" };
        format!("{} ({}{sticky})", self.name, self.address)
    }
}
