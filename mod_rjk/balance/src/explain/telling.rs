//! A decision in words.

use super::{Chosen, Explanation, Seen, Session};
use crate::choose::pick::Missing;
use crate::decision::{DecidedBy, Decision};
use bstr::BStr;
use std::fmt;

/// A decision with the names of the members, for one line.
#[derive(Clone, Copy)]
pub struct Telling<'t> {
    /// The decision.
    pub of: &'t Explanation<'t>,
    /// Names of the members in configuration order.
    pub names: &'t [&'t BStr],
}

impl<'t> Telling<'t> {
    /// Name of a member.
    pub fn name(&self, index: usize) -> &'t BStr {
        self.names
            .get(index)
            .copied()
            .unwrap_or(BStr::new("a member that is gone"))
    }

    /// What was decided: a member's name, or why there is none.
    pub fn found(&self) -> String {
        match self.of.found {
            Chosen::Member(index) => self.name(index).to_string(),
            Chosen::Reject(status) => format!("reject {status}"),
            Chosen::Nobody(Missing::Unusable) => "nobody: no member can take it".to_owned(),
            Chosen::Nobody(Missing::StickyForce) => {
                "nobody: sticky_session_force allows no other member".to_owned()
            }
        }
    }

    /// What the policy answered where that is not what was done.
    pub fn shadow(&self) -> Option<String> {
        let is_carried_out = matches!(self.of.by, DecidedBy::Policy(_));
        let answer = self.of.answer.filter(|_| !is_carried_out)?;
        Some(match answer {
            Decision::Builtin => "built-in".to_owned(),
            Decision::Worker(index) => self.name(index).to_string(),
            Decision::Reject(status) => format!("reject {status}"),
        })
    }

    /// What came of the session, and why.
    pub fn session(&self) -> String {
        match self.of.session {
            Session::Off => "sessions do not stick here".to_owned(),
            Session::None => "no session".to_owned(),
            Session::NoRoute => "session without a route".to_owned(),
            Session::Member(index) => format!("on {}", self.name(index)),
            Session::StandIn(index) => format!("its redirect {}", self.name(index)),
            Session::Domain(index) => format!("its domain, by {}", self.name(index)),
            Session::Unknown => "unknown route".to_owned(),
            Session::EmptyDomain => "no member of its domain can take it".to_owned(),
            Session::Unusable {
                index,
                state,
                activation,
            } => format!(
                "on {}, which cannot take it: {} {}",
                self.name(index),
                state.as_str(),
                activation.as_str()
            ),
        }
    }

    /// How the attempt ended.
    pub fn end(&self) -> String {
        let Some(end) = self.of.end else {
            return match self.of.found {
                Chosen::Member(_) => "in progress".to_owned(),
                _ => String::new(),
            };
        };
        match end.status {
            0 => end.ended.as_str().to_owned(),
            status => format!("{} {status}", end.ended.as_str()),
        }
    }

    /// A candidate with its numbers.
    pub fn candidate(&self, seen: &Seen) -> String {
        let (name, state, activation) = (
            self.name(seen.index),
            seen.state.as_str(),
            seen.activation.as_str(),
        );
        let Seen {
            busy,
            load,
            latency_us,
            ..
        } = seen;
        format!("{name} {state} {activation} busy {busy} load {load} latency {latency_us} us")
    }

    /// Candidates beyond those that are kept.
    pub fn more(&self) -> u32 {
        let kept = u32::try_from(self.of.candidates.len()).unwrap_or(u32::MAX);
        self.of.candidate_count.saturating_sub(kept)
    }
}

impl fmt::Display for Telling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.of;
        write!(f, "attempt {}, {}: {}", one.attempt, one.by, self.found())?;
        if !one.label.as_str().is_empty() {
            write!(f, " \"{}\"", one.label.as_str())?;
        }
        if let Some(shadow) = self.shadow() {
            write!(f, "; the policy said {shadow}")?;
        }
        write!(f, "; session: {}", self.session())?;
        if !one.route.as_bstr().is_empty() {
            write!(f, " (route {})", printable(one.route.as_bstr()))?;
        }
        f.write_str("; candidates: ")?;
        for (number, seen) in one.candidates.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{}", self.candidate(seen))?;
        }
        match (self.more(), one.candidate_count) {
            (_, 0) => f.write_str("none")?,
            (0, _) => {}
            (more, _) => write!(f, " and {more} more")?,
        }
        if let Some(end) = &one.end {
            write!(f, "; {} after {} us", self.end(), end.total.as_micros())?;
        }
        Ok(())
    }
}

/// A route is the client's own word.
fn printable(route: &BStr) -> String {
    let letters = route.to_string();
    let printable = |letter: char| if letter.is_control() { '?' } else { letter };
    letters.chars().map(printable).collect()
}
