//! The table `[policy.NAME.config]` of rjk.toml; see README.md.

use rjk_policy_sdk::Source;
use serde::Deserialize;

/// Cells that a store can have.
const CELLS: u64 = 8192;

/// Requests that a member works on at the same time when nothing says otherwise: Tomcat's maxThreads.
const CAPACITY: u64 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    header: Option<String>,
    cookie: Option<String>,
    #[serde(default)]
    server_name: bool,
    count: Option<u64>,
    percent: Option<u64>,
    capacity: Option<u64>,
    #[serde(default)]
    pub(crate) tenants: Vec<String>,
    others: Option<u64>,
    #[serde(default)]
    pub(crate) over: Over,
    status: Option<u16>,
    retry_after: Option<u32>,
    #[serde(default)]
    pub(crate) move_sessions: bool,
    longest: Option<u64>,
}

/// What becomes of a request for which no member has room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Over {
    #[default]
    Reject,
    Builtin,
}

/// Requests of one tenant that one member may have in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quota {
    Count(u64),
    /// Of the member's `busy_limit`, or of this capacity if it has none.
    Percent(u64, u64),
}

impl Quota {
    /// For a member with this `busy_limit`, 0 for none: at least one.
    pub(crate) fn of(self, busy_limit: u64) -> u64 {
        match self {
            Quota::Count(count) => count,
            Quota::Percent(percent, capacity) => {
                let whole = if busy_limit > 0 { busy_limit } else { capacity };
                (whole.saturating_mul(percent) / 100).max(1)
            }
        }
    }
}

impl Config {
    /// What of a request names its tenant.
    pub(crate) fn source(&self) -> Result<Source, String> {
        match (&self.header, &self.cookie, self.server_name) {
            (Some(name), None, false) if !name.is_empty() => Ok(Source::Header(name.clone())),
            (None, Some(name), false) if !name.is_empty() => Ok(Source::Cookie(name.clone())),
            (None, None, true) => Ok(Source::ServerName),
            _ => Err("write one of header = \"NAME\", cookie = \"NAME\" and \
                      server_name = true: what names the tenant of a request"
                .to_string()),
        }
    }

    pub(crate) fn quota(&self) -> Result<Quota, String> {
        let capacity = within("capacity", self.capacity, CAPACITY, 1, 10_000)?;
        match (self.count, self.percent) {
            (Some(_), None) if self.capacity.is_some() => {
                Err("capacity is for percent, and there is a count; leave it out".to_string())
            }
            (Some(_), None) => Ok(Quota::Count(within("count", self.count, 1, 1, 10_000)?)),
            (None, Some(_)) => {
                let percent = within("percent", self.percent, 1, 1, 100)?;
                Ok(Quota::Percent(percent, capacity))
            }
            _ => Err(
                "write either count or percent: what one tenant may have in flight \
                      on one member"
                    .to_string(),
            ),
        }
    }

    /// Cells for all tenants without a name here; all that the members need must be there.
    pub(crate) fn others(&self, members: usize) -> Result<u32, String> {
        let others = within("others", self.others, 16, 0, 1024)?;
        let each = self.tenants.len() as u64 + others;
        let needed = 1 + each * members as u64;
        match u32::try_from(others) {
            _ if each == 0 => {
                Err("with others = 0 and no tenants nobody has a quota; write tenants".to_string())
            }
            Ok(others) if needed <= CELLS => Ok(others),
            _ => Err(format!(
                "{members} members with {each} tenants and others need {needed} cells of {CELLS}; \
                 name fewer tenants, or write a smaller others"
            )),
        }
    }

    /// Microseconds that a request is counted at least.
    pub(crate) fn longest_us(&self) -> Result<u64, String> {
        Ok(within("longest", self.longest, 300, 1, 86_400)? * 1_000_000)
    }

    pub(crate) fn status(&self) -> Result<u16, String> {
        within("status", self.status, 429, 400, 599)
    }

    /// Seconds; none for 0.
    pub(crate) fn retry_after(&self) -> Result<Option<u32>, String> {
        let seconds = within("retry_after", self.retry_after, 1, 0, 86_400)?;
        Ok((seconds > 0).then_some(seconds))
    }
}

fn within<T: PartialOrd + std::fmt::Display>(
    key: &str,
    value: Option<T>,
    default: T,
    least: T,
    most: T,
) -> Result<T, String> {
    match value.unwrap_or(default) {
        value if value < least || value > most => {
            Err(format!("{key} is {least} to {most}, not {value}"))
        }
        value => Ok(value),
    }
}
