//! Routing policy: a share of the new sessions, or a request header, goes to chosen members.
//! Sessions stay where they began.

mod config;

use config::{Config, Share};
use rjk_policy_sdk::{Activation, Candidate, Decision, Members, Policy, Request};

/// What counts about a member.
struct Place {
    distance: i32,
    canary: bool,
}

struct Canary {
    header: Option<String>,
    share: Share,
    /// One for each member, at its index.
    places: Vec<Place>,
}

/// Which members a new session goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Canary,
    Stable,
}

impl Policy for Canary {
    type Config = Config;

    fn configure(members: &Members, config: Config) -> Result<Canary, String> {
        let chosen = config.canary_members(members)?;
        let place = |member: &rjk_policy_sdk::Member| Place {
            distance: member.distance,
            canary: chosen.contains(&member.index),
        };
        Ok(Canary {
            places: members.iter().map(place).collect(),
            share: config.share()?,
            header: config.header()?,
        })
    }

    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision {
        if sticky.is_some() {
            return Decision::Builtin;
        }
        let group = self
            .asked_group(request)
            .unwrap_or_else(|| self.drawn_group(request));
        match self.least_loaded(group, &request.candidates()) {
            Some(index) => Decision::Worker(index),
            None => Decision::Builtin,
        }
    }
}

impl Canary {
    /// What the header asks for, if it is there and asks for something.
    fn asked_group(&self, request: &Request) -> Option<Group> {
        let value = request.header(self.header.as_deref()?)?;
        match value.as_str() {
            "1" | "true" | "always" => Some(Group::Canary),
            "0" | "false" | "never" => Some(Group::Stable),
            _ => None,
        }
    }

    /// The canary with the probability of the share.
    fn drawn_group(&self, request: &Request) -> Group {
        match self.share {
            Share::Nobody => Group::Stable,
            Share::Everybody => Group::Canary,
            Share::Below(limit) if request.random() < limit => Group::Canary,
            Share::Below(_) => Group::Stable,
        }
    }

    /// The active candidate of the group that is nearest, and among these the least loaded; the
    /// first of equals, as the built-in methods do it.
    fn least_loaded(&self, group: Group, candidates: &[Candidate]) -> Option<u32> {
        let rank = |candidate: &Candidate| {
            let place = self.places.get(candidate.index as usize)?;
            let wanted = place.canary == (group == Group::Canary);
            let active = candidate.activation == Activation::Active;
            (wanted && active).then_some((place.distance, candidate.load, candidate.index))
        };
        let best = candidates.iter().filter_map(rank);
        best.min_by_key(|(distance, load, _)| (*distance, *load))
            .map(|(_, _, index)| index)
    }
}

rjk_policy_sdk::export!(Canary);

#[cfg(test)]
mod tests;
