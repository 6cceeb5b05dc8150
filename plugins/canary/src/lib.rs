//! Routing policy: a share of the new sessions, or a request header, goes to chosen members.
//! Sessions stay where they began.

mod config;

use config::{Config, Share};
use rjk_policy_sdk::{Activation, Decision, Metric, Policy, Request, Setup};

struct Canary {
    header: Option<String>,
    share: Share,
    /// Positions of the canary members.
    canaries: Vec<u32>,
}

/// Which members a new session goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Canary,
    Stable,
}

impl Policy for Canary {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<Canary, String> {
        Ok(Canary {
            canaries: config.canary_members(setup.members())?,
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
        match self.least_loaded(group, request) {
            Some(member) => Decision::Worker(member),
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
    fn least_loaded(&self, group: Group, request: &Request) -> Option<u32> {
        let candidates = request.candidates([Metric::ACTIVATION, Metric::DISTANCE, Metric::LOAD]);
        let wanted = candidates.iter().filter(|(member, [activation, ..])| {
            let canary = self.canaries.contains(member);
            canary == (group == Group::Canary) && Activation(*activation) == Activation::ACTIVE
        });
        let rank = |[_, distance, load]: [u64; 3]| (Metric::signed(distance), load);
        let best = wanted.min_by_key(|(_, numbers)| rank(*numbers));
        best.map(|(member, _)| member)
    }
}

rjk_policy_sdk::export!(Canary);

#[cfg(test)]
mod tests;
