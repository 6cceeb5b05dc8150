//! Routing policy: a member that came back gets its share gradually.

use rjk_policy_sdk::{Decision, Metric, NEVER, Policy, Request, Setup};
use serde::Deserialize;

/// How long after its return a member is looked at, in milliseconds on top of the time that it warms up: a load
/// value that stayed behind has halved often enough by then.
const SETTLES_MS: u64 = 600_000;

/// The table `[policy.NAME.config]` of rjk.toml; see README.md.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    seconds: u64,
    exponent: Option<f64>,
    least_percent: Option<f64>,
}

struct WarmUp {
    window_ms: u64,
    exponent: f64,
    /// Of its share, from the first moment on.
    least: f64,
    /// Whether the method takes who has done the least so far, and so would make up for what a member did not get.
    catches_up: bool,
}

/// A member that may be taken.
#[derive(Clone, Copy)]
struct Near {
    member: u32,
    load: u64,
    /// Milliseconds since it came back; none when it never failed.
    back_for_ms: Option<u64>,
    /// Its share of the requests for now, to be divided by the sum of all.
    part: f64,
}

impl Policy for WarmUp {
    type Config = Config;

    fn configure(setup: &Setup, config: Config) -> Result<WarmUp, String> {
        let within = |key: &str, value: f64, least: f64, most: f64| {
            let good = (least..=most).contains(&value);
            good.then_some(value)
                .ok_or_else(|| format!("{key} is {least} to {most}, not {value}"))
        };
        let method = setup.balancer().method.as_str();
        Ok(WarmUp {
            window_ms: within("seconds", config.seconds as f64, 1.0, 3600.0)? as u64 * 1000,
            exponent: within("exponent", config.exponent.unwrap_or(1.0), 0.1, 10.0)?,
            least: within(
                "least_percent",
                config.least_percent.unwrap_or(5.0),
                0.1,
                100.0,
            )? / 100.0,
            catches_up: matches!(method, "Request" | "Traffic" | "Sessions"),
        })
    }

    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision {
        if sticky.is_some() {
            return Decision::Builtin;
        }
        let near = self.nearest(request);
        if !self.is_needed(&near) {
            return Decision::Builtin;
        }
        let all: f64 = near.iter().map(|near| near.part).sum();
        // 53 random bits: from 0 to all, all excluded.
        let mut drawn = (request.random() >> 11) as f64 / (1_u64 << 53) as f64 * all;
        for Near { member, part, .. } in &near {
            drawn -= part;
            if drawn < 0.0 {
                return Decision::Worker(*member);
            }
        }
        // What rounding left over.
        near.last()
            .map_or(Decision::Builtin, |near| Decision::Worker(near.member))
    }
}

impl WarmUp {
    /// The part of its share that a member gets so long after its return.
    fn warmth(&self, back_for_ms: u64) -> f64 {
        let gone = back_for_ms as f64 / self.window_ms as f64;
        gone.min(1.0).powf(self.exponent).max(self.least)
    }

    /// Who may take the request.
    fn nearest(&self, request: &Request) -> Vec<Near> {
        let near = request.nearest([
            Metric::LOAD,
            Metric::FAILED_BEFORE_MS,
            Metric::USABLE_FOR_MS,
            Metric::WEIGHT,
        ]);
        near.iter()
            .map(
                |(member, [load, failed_before_ms, usable_for_ms, weight])| {
                    let back_for_ms = (failed_before_ms != NEVER).then_some(usable_for_ms);
                    let warmth = back_for_ms.map_or(1.0, |back_for_ms| self.warmth(back_for_ms));
                    Near {
                        member,
                        load,
                        back_for_ms,
                        part: weight.max(1) as f64 * warmth,
                    }
                },
            )
            .collect()
    }

    /// Whether the built-in method would give a member too much: it is warming up, or its load value
    /// stayed behind while it did, which the method would make up for at once.
    fn is_needed(&self, near: &[Near]) -> bool {
        let highest = near.iter().map(|near| near.load).max().unwrap_or(0);
        near.iter().any(|near| match near.back_for_ms {
            None => false,
            Some(ms) if ms < self.window_ms => true,
            Some(ms) => {
                let is_behind = near.load < highest - highest / 50;
                self.catches_up && is_behind && ms < self.window_ms + SETTLES_MS
            }
        })
    }
}

rjk_policy_sdk::export!(WarmUp);

#[cfg(test)]
mod tests;
