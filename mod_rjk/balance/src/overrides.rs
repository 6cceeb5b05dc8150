//! What a mount rule changes of a balancer for its requests.

use crate::roster::Roster;
use crate::tiers::Tiers;
use arc_swap::ArcSwap;
use bstr::BString;
use rjk_config::model::{Activation, MemberSpec, RuleExtensions};
use std::borrow::Cow;
use std::sync::Arc;

/// Rules that a roster remembers at most. They can be read anew while the roster stays, from a map file:
/// those that are no more must not stay for ever.
pub(crate) const MOST_RULES: usize = 256;

/// Activations that a mount rule overrides, by member; the default overrides none.
#[derive(Clone, Debug, Default)]
pub struct ActivationOverrides(Option<Arc<Overridden>>);

#[derive(Debug)]
struct Overridden {
    members: Members,
    /// Who may take a request without a session.
    tiers: Tiers,
    /// What they were made of.
    usual: Arc<Tiers>,
}

/// The override of each member, in configuration order.
type Members = Vec<Option<Activation>>;

impl ActivationOverrides {
    fn new(roster: &Roster, members: Members) -> ActivationOverrides {
        ActivationOverrides(Some(Arc::new(Overridden {
            tiers: roster.tiers.under(&members, &roster.members),
            usual: Arc::clone(&roster.tiers),
            members,
        })))
    }

    /// The activations that a rule overrides; members that the balancer does not have are skipped.
    pub(crate) fn of_rule(roster: &Roster, rule: &RuleExtensions) -> ActivationOverrides {
        if rule.activation.is_empty() {
            return ActivationOverrides::default();
        }
        roster.rules.get(rule, || {
            ActivationOverrides::new(roster, overridden(rule, &roster.spec.members))
        })
    }

    /// The same, and members that are spared serve only the sessions that they have.
    pub(crate) fn sparing(
        self,
        roster: &Roster,
        spared: impl Fn(&MemberSpec) -> bool,
    ) -> ActivationOverrides {
        let members = std::iter::zip(&roster.members, &roster.spec.members);
        let usual = members.map(|(member, spec)| (member.activation, spared(spec)));
        let members = sparing(|index| self.get(index), usual);
        ActivationOverrides::new(roster, members)
    }

    /// Who may take a request without a session, by distance. The roster may be a later one than that by
    /// which this was made.
    pub(crate) fn tiers<'t>(&'t self, roster: &'t Roster) -> Cow<'t, Tiers> {
        match &self.0 {
            None => Cow::Borrowed(&*roster.tiers),
            Some(one) if Arc::ptr_eq(&one.usual, &roster.tiers) => Cow::Borrowed(&one.tiers),
            Some(one) => Cow::Owned(roster.tiers.under(&one.members, &roster.members)),
        }
    }

    /// The override of a member.
    pub fn get(&self, index: usize) -> Option<Activation> {
        self.0.as_ref()?.members.get(index).copied().flatten()
    }
}

fn overridden(rule: &RuleExtensions, members: &[MemberSpec]) -> Members {
    let mut overrides = vec![None; members.len()];
    for (name, activation) in &rule.activation {
        for (entry, member) in std::iter::zip(&mut overrides, members) {
            if member.ajp.name == *name {
                *entry = Some(*activation);
            }
        }
    }
    overrides
}

/// `own` has the overrides so far; `members` their activations without one, and who is spared.
fn sparing(
    own: impl Fn(usize) -> Option<Activation>,
    members: impl Iterator<Item = (Activation, bool)>,
) -> Members {
    let entry = |(index, (usual, spared))| match own(index).unwrap_or(usual) {
        Activation::Active if spared => Some(Activation::Disabled),
        _ => own(index),
    };
    members.enumerate().map(entry).collect()
}

/// What the rules override whose requests a roster has seen: worked out once for each, not by every
/// request. Who looks takes no lock.
#[derive(Debug, Default)]
pub(crate) struct OfRules(ArcSwap<Vec<OfRule>>);

#[derive(Clone, Debug)]
struct OfRule {
    activation: Vec<(BString, Activation)>,
    overrides: ActivationOverrides,
}

impl OfRules {
    fn get(
        &self,
        rule: &RuleExtensions,
        make: impl FnOnce() -> ActivationOverrides,
    ) -> ActivationOverrides {
        let seen = self.0.load();
        let known = seen.iter().find(|of| of.activation == rule.activation);
        known.map_or_else(|| self.add(rule, make()), |of| of.overrides.clone())
    }

    /// Two that add the same at the same time leave it there twice, which does no harm.
    #[cold]
    fn add(&self, rule: &RuleExtensions, overrides: ActivationOverrides) -> ActivationOverrides {
        let new = OfRule {
            activation: rule.activation.clone(),
            overrides,
        };
        self.0.rcu(|seen| {
            let kept = if seen.len() < MOST_RULES {
                &seen[..]
            } else {
                &[]
            };
            let mut rules = kept.to_vec();
            rules.push(new.clone());
            rules
        });
        new.overrides
    }
}

#[cfg(test)]
impl ActivationOverrides {
    /// Whether they were worked out at once.
    pub(crate) fn is_the_same_as(&self, other: &ActivationOverrides) -> bool {
        matches!((&self.0, &other.0), (Some(one), Some(other)) if Arc::ptr_eq(one, other))
    }
}

#[cfg(test)]
impl OfRules {
    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.0.load().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Activation::{Active, Disabled, Stopped};

    #[test]
    fn who_is_spared_takes_nobody_new_and_stops_nothing_else() {
        // The rule's, the member's own, whether it is spared, and what comes of it.
        let rows = [
            (None, Active, true, Some(Disabled)),
            (None, Active, false, None),
            (None, Disabled, true, None),
            (None, Stopped, true, None),
            (Some(Active), Stopped, true, Some(Disabled)),
            (Some(Active), Stopped, false, Some(Active)),
            (Some(Stopped), Active, true, Some(Stopped)),
        ];
        let rule = |index: usize| rows[index].0;
        let members = rows.map(|(_, usual, spared, _)| (usual, spared));
        let expected = rows.map(|(.., expected)| expected);
        assert_eq!(sparing(rule, members.into_iter()), expected);
        let none = sparing(|_| None, members.into_iter().take(2));
        assert_eq!(none, expected[..2]);
    }
}
