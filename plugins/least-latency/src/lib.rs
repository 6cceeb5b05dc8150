//! Routing policy: of two members taken by chance, the one that will answer sooner by what is known:
//! power of two choices over a peak-sensitive average of latency, times the requests that wait there.

mod estimate;

use estimate::{Estimate, at_ms};
use rjk_policy_sdk::{
    Decision, Ended, Host, Metric, Observer, Outcome, Policy, Request, Setup, StoreCell,
};
use serde::Deserialize;

/// How often a sample is tried to be noted while others note theirs; then it is dropped.
const TRIES: u32 = 8;

/// The table `[policy.NAME.config]` of rjk.toml; see README.md.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    half_life_ms: Option<u64>,
    penalty_ms: Option<u64>,
}

struct LeastLatency {
    half_ms: u64,
    penalty_us: u64,
}

/// A member that may be taken, with its numbers.
#[derive(Clone, Copy)]
struct Near {
    member: u32,
    busy: u64,
    weight: u64,
}

impl Policy for LeastLatency {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<LeastLatency, String> {
        setup.reserve(0, 1);
        let within = |key: &str, value: Option<u64>, default: u64| match value.unwrap_or(default) {
            value if (10..=600_000).contains(&value) => Ok(value),
            value => Err(format!(
                "{key} is 10 to 600000, in milliseconds, not {value}"
            )),
        };
        Ok(LeastLatency {
            half_ms: within("half_life_ms", config.half_life_ms, 10_000)?,
            penalty_us: within("penalty_ms", config.penalty_ms, 1_000)? * 1000,
        })
    }

    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision {
        if sticky.is_some() {
            return Decision::Builtin;
        }
        let near = nearest(request);
        let chosen = match near.as_slice() {
            [] => return Decision::Builtin,
            [only] => *only,
            several => {
                let (one, other) = two_of(several, request.random());
                let now_ms = at_ms(request.monotonic_us());
                let later = self.cost(other, now_ms, request) < self.cost(one, now_ms, request);
                if later { other } else { one }
            }
        };
        Decision::Worker(chosen.member)
    }
}

impl LeastLatency {
    /// Microseconds that a request would wait there, for a member of weight 1, and more than that.
    fn cost(&self, near: Near, now_ms: u32, request: &Request) -> u64 {
        let cell = request.load(StoreCell::of_member(near.member, 0));
        // What is old, or not known at all, is found out by one request at a time: as long as one
        // waits there, no others follow because it looks so fast.
        let micros = match (Estimate::of_cell(cell), near.busy) {
            (None, 0) => 0,
            (None, _) => self.penalty_us,
            (Some(known), 0) => known.aged(now_ms, self.half_ms),
            (Some(known), _) => known.micros(),
        };
        micros.saturating_mul(near.busy + 1) / near.weight
    }

    /// What an attempt says of its member's latency; none when it says nothing.
    fn sample(&self, outcome: &Outcome) -> Option<u64> {
        let took = match outcome.head_us {
            0 => outcome.total_us,
            head => head,
        };
        let failed = outcome.ended.blames_member() || outcome.status >= 500;
        match outcome.ended {
            // A member that fails at once is not a fast one.
            _ if failed => Some(took.max(self.penalty_us)),
            Ended::OK => Some(took),
            // The client went away: it was at least that slow, if the head was there.
            Ended::CLIENT if outcome.head_us > 0 => Some(took),
            _ => None,
        }
    }
}

impl Observer for LeastLatency {
    fn observe(&self, host: &Host, outcome: &Outcome) {
        let Some(sample) = self.sample(outcome) else {
            return;
        };
        let now_ms = at_ms(host.monotonic_us());
        let mut tries = 0;
        // An error is a sample that changes nothing.
        let _ = host.fetch_update(StoreCell::of_member(outcome.member, 0), |cell| {
            tries += 1;
            let old = Estimate::of_cell(cell);
            let new = Estimate::with(old, sample, now_ms, self.half_ms);
            new.filter(|_| tries <= TRIES).map(Estimate::cell)
        });
    }
}

/// Two of several that are not the same, each pair as likely as any.
fn two_of(several: &[Near], random: u64) -> (Near, Near) {
    let count = several.len() as u64;
    // The high half of a product: evenly spread without a division.
    let one = ((random & 0xFFFF_FFFF) * count) >> 32;
    let other = ((random >> 32) * (count - 1)) >> 32;
    let other = other + u64::from(other >= one);
    (several[one as usize], several[other as usize])
}

/// Who may take the request.
fn nearest(request: &Request) -> Vec<Near> {
    let near = request.nearest([Metric::BUSY, Metric::WEIGHT]);
    near.iter()
        .map(|(member, [busy, weight])| Near {
            member,
            busy,
            weight: weight.max(1),
        })
        .collect()
}

rjk_policy_sdk::export!(LeastLatency, observer);

#[cfg(test)]
mod tests;
