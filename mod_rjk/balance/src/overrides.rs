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

    /// The override of a member.
    pub fn get(&self, index: usize) -> Option<Activation> {
        self.0.get(index).copied().flatten()
    }
}
