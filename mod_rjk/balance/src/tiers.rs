//! The members of a balancer by distance: the nearest of which one can take a request takes it.

use crate::roster::Member;
use crate::shared::states::Members;
use rjk_config::model::Activation;

/// Members that requests without a session may take, by distance, the nearest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tiers(Vec<Tier>);

#[derive(Clone, Debug)]
struct Tier {
    distance: i32,
    active: Members,
}

impl Tiers {
    /// Those of these members; nearly always there is one.
    pub(crate) fn of(members: &[Member]) -> Tiers {
        let mut distances: Vec<i32> = members.iter().map(|member| member.distance).collect();
        distances.sort_unstable();
        distances.dedup();
        let tier = |distance| Tier {
            distance,
            active: Members::of(members.len(), |index| {
                let member = &members[index];
                member.distance == distance && member.activation == Activation::Active
            }),
        };
        Tiers(distances.into_iter().map(tier).collect())
    }

    /// The active ones, the nearest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Members> {
        self.0.iter().map(|tier| &tier.active)
    }

    /// The same with these activations of members in the place of theirs.
    pub(crate) fn under(&self, overrides: &[Option<Activation>], members: &[Member]) -> Tiers {
        let mut tiers = self.clone();
        for (index, (member, activation)) in std::iter::zip(members, overrides).enumerate() {
            let mut all = tiers.0.iter_mut();
            let own = all.find(|tier| tier.distance == member.distance);
            if let (Some(tier), Some(activation)) = (own, activation) {
                tier.active.put(index, *activation == Activation::Active);
            }
        }
        tiers
    }
}
