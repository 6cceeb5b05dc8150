//! What a mount rule changes of a balancer for its requests.

use rjk_config::model::{Activation, MemberSpec, RuleExtensions};

/// Activations that a mount rule overrides, by member; the default overrides none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivationOverrides(Vec<Option<Activation>>);

impl ActivationOverrides {
    /// The activations that a rule overrides; members that the balancer does not have are skipped.
    pub(crate) fn new(rule: &RuleExtensions, members: &[MemberSpec]) -> ActivationOverrides {
        if rule.activation.is_empty() {
            return ActivationOverrides::default();
        }
        let mut overrides = vec![None; members.len()];
        for (name, activation) in &rule.activation {
            for (entry, member) in std::iter::zip(&mut overrides, members) {
                if member.ajp.name == *name {
                    *entry = Some(*activation);
                }
            }
        }
        ActivationOverrides(overrides)
    }

    /// The same, and members that are spared serve only the sessions that they have; `members` has
    /// their activations without an override, and which are.
    pub(crate) fn sparing(
        self,
        members: impl Iterator<Item = (Activation, bool)>,
    ) -> ActivationOverrides {
        let entry = |(index, (usual, spared)): (usize, (Activation, bool))| {
            let own = self.get(index);
            match own.unwrap_or(usual) {
                Activation::Active if spared => Some(Activation::Disabled),
                _ => own,
            }
        };
        ActivationOverrides(members.enumerate().map(entry).collect())
    }

    /// Whether it overrides none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members that it concerns.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Activation)> {
        let all = self.0.iter().enumerate();
        all.filter_map(|(index, activation)| Some((index, (*activation)?)))
    }

    /// The override of a member.
    pub fn get(&self, index: usize) -> Option<Activation> {
        self.0.get(index).copied().flatten()
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
        let overrides = ActivationOverrides(rows.map(|(rule, ..)| rule).to_vec());
        let members = rows.map(|(_, usual, spared, _)| (usual, spared));
        let expected = rows.map(|(.., expected)| expected).to_vec();
        let spared = overrides.sparing(members.into_iter());
        assert_eq!(spared, ActivationOverrides(expected.clone()));
        let none = ActivationOverrides::default().sparing(members.into_iter().take(2));
        assert_eq!(none, ActivationOverrides(expected[..2].to_vec()));
    }
}
