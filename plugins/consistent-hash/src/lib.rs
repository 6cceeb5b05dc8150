//! Routing policy: requests with the same key go to the same member; a member that comes or goes moves
//! no more keys than its own. Rendezvous hashing with weights and bounded load.

mod config;

use config::Config;
use rjk_policy_sdk::{Decision, Metric, Policy, Request, Setup, Text, hash};

struct ConsistentHash {
    key: Text,
    bound: Option<f64>,
    session_first: bool,
    /// The hash of each member's name: where a key goes depends on names, not on positions.
    names: Vec<u64>,
}

/// An active candidate that is as near as any.
struct Near {
    member: u32,
    busy: u64,
    weight: f64,
}

impl Policy for ConsistentHash {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<ConsistentHash, String> {
        let names = setup.members().iter();
        Ok(ConsistentHash {
            key: setup.text(config.source()?),
            bound: config.bound()?,
            session_first: config.session_first(),
            names: names
                .map(|member| hash(member.name.as_bytes(), 0))
                .collect(),
        })
    }

    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision {
        if self.session_first && sticky.is_some() {
            return Decision::Builtin;
        }
        match request.hash(self.key, 0) {
            // An empty text is no key: all who send none would go to one member.
            Some(key) if key != hash(b"", 0) => self.member_of(key, request),
            _ => Decision::Builtin,
        }
    }
}

impl ConsistentHash {
    /// The member whose claim on the key is the strongest, of those below the bound.
    fn member_of(&self, key: u64, request: &Request) -> Decision {
        let near = nearest(request);
        let limit = self.limit(&near);
        let free = near
            .iter()
            .filter(|near| (near.busy as f64) < limit * near.weight);
        let claims = free.map(|near| (near.member, self.distance(key, near)));
        let best = claims.min_by(|(_, one), (_, other)| one.total_cmp(other));
        best.map_or(Decision::Builtin, |(member, _)| Decision::Worker(member))
    }

    /// Requests in flight that a member of weight 1 may have, this one included, not rounded up. It is
    /// above the mean, so one member at least is below it.
    fn limit(&self, near: &[Near]) -> f64 {
        let Some(bound) = self.bound else {
            return f64::INFINITY;
        };
        let busy: u64 = near.iter().map(|near| near.busy).sum();
        let weights: f64 = near.iter().map(|near| near.weight).sum();
        bound * (busy as f64 + 1.0) / weights
    }

    /// How far the key is from the member: exponentially distributed with the weight as its rate. So
    /// the least of several is that of a member with the probability of its share of the weights, and a
    /// weight that changes moves keys to this member or from it, none between others.
    fn distance(&self, key: u64, near: &Near) -> f64 {
        let name = self.names.get(near.member as usize).copied();
        let mixed = hash(&key.to_le_bytes(), name.unwrap_or_default());
        // The upper 53 bits, as a number between 0 and 1, both excluded.
        let unit = ((mixed >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        -unit.ln() / near.weight
    }
}

/// Who may take the request.
fn nearest(request: &Request) -> Vec<Near> {
    let near = request.nearest([Metric::BUSY, Metric::WEIGHT]);
    near.iter()
        .map(|(member, [busy, weight])| Near {
            member,
            busy,
            weight: weight.max(1) as f64,
        })
        .collect()
}

rjk_policy_sdk::export!(ConsistentHash);

#[cfg(test)]
mod tests;
