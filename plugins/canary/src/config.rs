//! The table `[policy.NAME.config]` of rjk.toml; see README.md.

use rjk_policy_sdk::Members;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    header: Option<String>,
    percent: f64,
    worker: Option<String>,
    workers: Option<Vec<String>>,
}

/// The share of the new sessions that goes to the canary.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// 0 percent; no random number is drawn.
    Nobody,
    /// A random number below this one.
    Below(u64),
    /// 100 percent; no random number is drawn.
    Everybody,
}

impl Config {
    /// Positions of the canary members: at least one, and not all.
    pub(crate) fn canary_members(&self, members: &Members) -> Result<Vec<u32>, String> {
        let names = match (&self.worker, &self.workers) {
            (Some(name), None) => std::slice::from_ref(name),
            (None, Some(names)) if !names.is_empty() => names.as_slice(),
            (Some(_), Some(_)) => {
                return Err("\"worker\" and \"workers\" are both given; keep one".to_string());
            }
            (None, _) => {
                return Err("write worker = \"NAME\" or workers = [\"NAME\", ...]".to_string());
            }
        };
        let positions: Vec<u32> = names
            .iter()
            .map(|name| members.position_of(name))
            .collect::<Result<_, _>>()?;
        if (0..members.len()).all(|place| positions.iter().any(|p| *p as usize == place)) {
            return Err("every member of the balancer is a canary; leave out one at least".into());
        }
        Ok(positions)
    }

    pub(crate) fn share(&self) -> Result<Share, String> {
        match self.percent {
            percent if !(0.0..=100.0).contains(&percent) => {
                Err(format!("percent is 0 to 100, not {percent}"))
            }
            0.0 => Ok(Share::Nobody),
            100.0 => Ok(Share::Everybody),
            // A float becomes an integer by saturation, so no percentage can overflow.
            percent => Ok(Share::Below((percent / 100.0 * u64::MAX as f64) as u64)),
        }
    }

    pub(crate) fn header(self) -> Result<Option<String>, String> {
        match self.header {
            Some(name) if name.is_empty() => {
                Err("the name of the header is empty; leave the key out for none".to_string())
            }
            header => Ok(header),
        }
    }
}
