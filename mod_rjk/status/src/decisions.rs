//! The last decisions about a balancer's requests.

use crate::model::{DecisionView, Past};
use bstr::{BStr, ByteSlice as _};
use rjk_balance::explain::{Chosen, Explanation, Telling};
use rjk_balance::{Balancer, Clock};

/// Those of a balancer that are kept, the latest first; `None` when none are to be kept.
pub(crate) fn of(balancer: &Balancer, clock: &Clock) -> Option<Vec<DecisionView>> {
    let kept = balancer.explanations()?;
    let spec = balancer.spec();
    let names: Vec<&BStr> = spec
        .members
        .iter()
        .map(|one| one.ajp.name.as_bstr())
        .collect();
    Some(kept.iter().map(|one| view(one, &names, clock)).collect())
}

fn view(one: &Explanation<'_>, names: &[&BStr], clock: &Clock) -> DecisionView {
    let telling = Telling { of: one, names };
    DecisionView {
        when: Past::of(clock.happened(one.at)),
        attempt: one.attempt,
        by: one.by.to_string(),
        found: telling.found(),
        member: match one.found {
            Chosen::Member(index) => Some(telling.name(index).to_string()),
            _ => None,
        },
        label: one.label.as_str().to_owned(),
        policy_said: telling.shadow(),
        session: telling.session(),
        route: one.route.as_bstr().into(),
        candidates: one
            .candidates
            .iter()
            .map(|seen| (telling.name(seen.index).to_string(), *seen))
            .collect(),
        more: telling.more(),
        outcome: telling.end(),
        end: one.end,
    }
}
