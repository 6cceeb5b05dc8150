//! What was found for one attempt, and by whom.

use crate::choose::pick::{Missing, Refusal};
use crate::choose::rules::{Target, View};
use crate::decision::{DecidedBy, Decision, Verdict};

/// What was found for an attempt, by whom.
pub(super) struct Chosen<'a> {
    pub(super) found: Found,
    pub(super) by: DecidedBy<'a>,
    pub(super) verdict: Option<Verdict>,
}

pub(super) enum Found {
    Target(Target),
    Missing(Missing),
    Reject(Refusal),
}

impl Found {
    pub(super) fn member(&self) -> Option<usize> {
        match self {
            Found::Target(target) => Some(target.index),
            Found::Missing(_) | Found::Reject(_) => None,
        }
    }

    /// Without a word of the policy.
    pub(super) fn by(self, by: DecidedBy<'_>) -> Chosen<'_> {
        Chosen {
            found: self,
            by,
            verdict: None,
        }
    }
}

/// The choice without a policy: the session's member, else the least loaded.
pub(super) fn builtin<'a>(view: &View<'_>, sticky: Option<Target>) -> Chosen<'a> {
    if let Some(target) = sticky {
        return Found::Target(target).by(DecidedBy::Sticky);
    }
    let found = view.take_by_load().map(Found::Target);
    let found = found.unwrap_or(Found::Missing(Missing::Unusable));
    found.by(DecidedBy::Builtin)
}

/// The choice of the policy of this name.
pub(super) fn carry_out<'a>(
    verdict: Verdict,
    view: &View<'_>,
    sticky: Option<Target>,
    policy: &'a str,
) -> Chosen<'a> {
    let found = match verdict.decision {
        Decision::Builtin => {
            return Chosen {
                verdict: Some(verdict),
                ..builtin(view, sticky)
            };
        }
        Decision::Reject(status) => Found::Reject(Refusal {
            status,
            retry_after: verdict.retry_after,
        }),
        Decision::Worker(index) => {
            let same = sticky.filter(|target| target.index == index);
            Found::Target(same.unwrap_or_else(|| Target::plain(index)))
        }
    };
    Chosen {
        found,
        by: DecidedBy::Policy(policy),
        verdict: Some(verdict),
    }
}

/// The choice in the place of a policy that gave none.
pub(super) fn stand_in<'a>(
    view: &View<'_>,
    sticky: Option<Target>,
    by: DecidedBy<'a>,
) -> Chosen<'a> {
    builtin(view, sticky).found.by(by)
}

/// The answer when a policy gave none and the configuration wants no other to decide.
pub(super) fn unavailable(by: DecidedBy<'_>, retry_after: Option<u32>) -> Chosen<'_> {
    let status = 503;
    Found::Reject(Refusal {
        status,
        retry_after,
    })
    .by(by)
}
