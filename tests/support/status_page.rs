//! What a status worker says, of either module.

use crate::client::{self, Response};
use crate::{Result, Subject};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the status worker said once.
#[derive(Debug)]
pub struct StatusPage {
    response: Response,
    /// The same in JSON, which only ours has.
    json: Option<Value>,
}

/// What it says of a member of a balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// State text (§4.4).
    pub state: String,
    /// `ACT`, `DIS` or `STP`.
    pub activation: String,
    /// Load V.
    pub value: u64,
    /// Uses of its worker.
    pub accessed: u64,
    /// Requests without a session.
    pub sessions: u64,
    /// Failures.
    pub errors: u64,
    /// Requests in flight.
    pub busy: u64,
    /// Open connections.
    pub connected: u64,
}

impl StatusPage {
    /// Asks the status worker that is mounted at `path`: ours for JSON, mod_jk's for properties.
    pub fn read(subject: Subject, port: u16, path: &str) -> Result<StatusPage> {
        let format = match subject {
            Subject::Rjk => "json",
            Subject::ModJk => "prop",
        };
        let response = client::get(port, &format!("{path}?mime={format}"))?;
        ensure!(response.status == 200, "{response:?}");
        let json = (subject == Subject::Rjk).then(|| serde_json::from_slice(&response.body));
        Ok(StatusPage {
            json: json.transpose()?,
            response,
        })
    }

    /// A member, by its name.
    pub fn member(&self, name: &str) -> Result<MemberStatus> {
        let text = |key: &str| {
            let found = match &self.json {
                Some(_) => self
                    .rows()
                    .find(|row| row["name"] == name)
                    .map(|row| plain(&row[key])),
                None => self.response.field(&format!("worker.{name}.{key}")),
            };
            found.with_context(|| format!("no {key} of {name} in {}", self.text()))
        };
        let number = |key| -> Result<u64> { Ok(text(key)?.parse()?) };
        Ok(MemberStatus {
            state: text("state")?,
            activation: text("activation")?,
            value: number("lbvalue")?,
            accessed: number("elected")?,
            sessions: number("sessions")?,
            errors: number("errors")?,
            busy: number("busy")?,
            connected: number("connected")?,
        })
    }

    /// Requests in flight of a balancer itself.
    pub fn balancer_busy(&self, name: &str) -> Result<u64> {
        let found = match &self.json {
            Some(_) => {
                let mut balancers = self.balancers();
                let found = balancers.find(|balancer| balancer["name"] == name);
                found.map(|balancer| plain(&balancer["busy"]))
            }
            None => self.response.field(&format!("worker.{name}.busy")),
        };
        let text = found.with_context(|| format!("no balancer {name} in {}", self.text()))?;
        Ok(text.parse()?)
    }

    /// The numbers of mod_rjk under a key, of all members and of all workers without a balancer.
    pub fn numbers(&self, key: &str) -> Vec<u64> {
        self.rows().filter_map(|row| row[key].as_u64()).collect()
    }

    /// What mod_rjk says of a balancer's policy, `shadow_same` for instance; the first policy of that
    /// name.
    pub fn policy(&self, name: &str, key: &str) -> Result<u64> {
        let mut policies = self.balancers().map(|balancer| &balancer["policy"]);
        let found = policies.find(|policy| policy["name"] == name);
        let count = found.and_then(|policy| policy["decisions"][key].as_u64());
        count.with_context(|| format!("no {key} of policy {name} in {}", self.text()))
    }

    /// The same of all balancers with that policy.
    pub fn policies(&self, name: &str, key: &str) -> Vec<Option<u64>> {
        let policies = self.balancers().map(|balancer| &balancer["policy"]);
        let found = policies.filter(|policy| policy["name"] == name);
        found
            .map(|policy| policy["decisions"][key].as_u64())
            .collect()
    }

    /// The counters of the first balancer's policy that it has used itself, by their number.
    pub fn own_counters(&self) -> BTreeMap<String, u64> {
        let policy = self.balancers().map(|balancer| &balancer["policy"]).next();
        let counters = policy.and_then(|policy| policy["counters"].as_object());
        let pairs = counters.into_iter().flatten();
        pairs
            .filter_map(|(key, count)| Some((key.clone(), count.as_u64()?)))
            .collect()
    }

    /// The answer as text.
    pub fn text(&self) -> String {
        self.response.text()
    }

    fn balancers(&self) -> impl Iterator<Item = &Value> {
        items(self.json.as_ref(), "balancers")
    }

    /// Members and workers without a balancer.
    fn rows(&self) -> impl Iterator<Item = &Value> {
        let members = self
            .balancers()
            .flat_map(|balancer| items(Some(balancer), "members"));
        members.chain(items(self.json.as_ref(), "ajp_workers"))
    }
}

fn items<'a>(of: Option<&'a Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    of.and_then(|value| value[key].as_array())
        .into_iter()
        .flatten()
}

/// A value as the other formats write it.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
