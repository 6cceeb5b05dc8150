//! What can be decided about an attempt, by whom, and how a policy can fail.

use crate::short::Short;
use std::fmt;

/// What a policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The session rules and the balancing method decide.
    Builtin,
    /// This candidate.
    Worker(usize),
    /// No member; answer with this status, 400…599.
    Reject(u16),
}

/// A decision with what goes along with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is to be done.
    pub decision: Decision,
    /// Comes back in the [`crate::Observation`] of the attempt.
    pub token: u64,
    /// For people.
    pub label: Label,
    /// Seconds in the Retry-After of a refusal.
    pub retry_after: Option<u32>,
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Verdict {
        Verdict {
            decision,
            token: 0,
            label: Label::default(),
            retry_after: None,
        }
    }
}

/// A short text of printable letters.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Label(Short<{ Label::MAX }>);

impl Label {
    /// Bytes that it may have.
    pub const MAX: usize = 32;

    /// The text, cut off at a letter; control characters are spaces.
    pub fn new(text: &str) -> Label {
        let mut short = Short::default();
        for letter in text.chars() {
            let letter = if letter.is_control() { ' ' } else { letter };
            if !short.append(letter.encode_utf8(&mut [0; 4]).as_bytes()) {
                break;
            }
        }
        Label(short)
    }

    /// The text; empty when there is none.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.0.as_bstr()).unwrap_or_default()
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// How a policy can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It trapped, or called what it may not.
    Trap,
    /// Its fuel was spent.
    OutOfFuel,
    /// It wanted more memory than it may have.
    Memory,
    /// It called the host too often for one decision.
    Calls,
    /// It chose a member that is not among the candidates.
    BadIndex,
    /// It rejected with a status outside of 400…599.
    BadStatus,
    /// No instance could be made.
    Instantiate,
    /// `configure` failed in this process.
    Configure,
    /// There was no stack to run it on.
    NoStack,
    /// A restart could not load it.
    NotLoaded,
}

impl FaultKind {
    /// All kinds, each at its own index.
    pub const ALL: [FaultKind; 10] = [
        FaultKind::Trap,
        FaultKind::OutOfFuel,
        FaultKind::Memory,
        FaultKind::Calls,
        FaultKind::BadIndex,
        FaultKind::BadStatus,
        FaultKind::Instantiate,
        FaultKind::Configure,
        FaultKind::NoStack,
        FaultKind::NotLoaded,
    ];

    /// The word for it in notes, log lines and on the status page.
    pub fn as_str(self) -> &'static str {
        match self {
            FaultKind::Trap => "trap",
            FaultKind::OutOfFuel => "out-of-fuel",
            FaultKind::Memory => "memory",
            FaultKind::Calls => "calls",
            FaultKind::BadIndex => "bad-index",
            FaultKind::BadStatus => "bad-status",
            FaultKind::Instantiate => "instantiate",
            FaultKind::Configure => "configure",
            FaultKind::NoStack => "no-stack",
            FaultKind::NotLoaded => "not-loaded",
        }
    }
}

/// Who decided about an attempt; its text is what a note says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecidedBy<'a> {
    /// The balancing method, or nobody could be chosen.
    #[default]
    Builtin,
    /// The session rules.
    Sticky,
    /// The policy of this name.
    Policy(&'a str),
    /// What stands in for a policy that failed.
    Fault(FaultKind),
    /// What stands in for a policy that is switched off.
    Off,
}

impl<'a> DecidedBy<'a> {
    /// The same, with the name of the policy from where it lasts longer.
    pub fn with_name<'n>(self, policy: &'n str) -> DecidedBy<'n> {
        match self {
            DecidedBy::Builtin => DecidedBy::Builtin,
            DecidedBy::Sticky => DecidedBy::Sticky,
            DecidedBy::Policy(_) => DecidedBy::Policy(policy),
            DecidedBy::Fault(kind) => DecidedBy::Fault(kind),
            DecidedBy::Off => DecidedBy::Off,
        }
    }

    /// Its text in two pieces: what it is, and which one. Nothing is made anew for a request.
    pub fn words(self) -> (&'static str, &'a str) {
        match self {
            DecidedBy::Builtin => ("builtin", ""),
            DecidedBy::Sticky => ("sticky", ""),
            DecidedBy::Policy(name) => ("policy ", name),
            DecidedBy::Fault(kind) => ("fault ", kind.as_str()),
            DecidedBy::Off => ("fault switched-off", ""),
        }
    }
}

impl fmt::Display for DecidedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, which) = self.words();
        f.write_str(what)?;
        f.write_str(which)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_cut_at_a_letter_and_printable() {
        for (text, expected) in [
            ("", ""),
            ("canary", "canary"),
            ("a\nb\u{7f}c", "a b c"),
            (&"x".repeat(40), &"x".repeat(32)),
            (&format!("{}ä", "x".repeat(31)), &"x".repeat(31)),
            (
                &format!("{}ä", "x".repeat(30)),
                &format!("{}ä", "x".repeat(30)),
            ),
        ] {
            assert_eq!(Label::new(text).as_str(), expected);
        }
    }
}
