//! What is common to many lines.

use crate::line::written;
use crate::secret::Key;
use rjk_balance::{Facts, MemberFacts, Membership};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is common to the decisions that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What lines name it by.
    pub id: String,
    /// What hashes of texts begin with.
    pub key: Key,
    /// Texts stand there as they are.
    pub plain: bool,
    /// The policy; empty for none.
    pub policy: String,
    /// [`rjk_balance::RoutingPolicy::version`] of it.
    pub version: u64,
    /// The balancer as the policy knew it.
    pub membership: Arc<Membership>,
}

impl Head {
    pub(crate) fn to_line(&self) -> String {
        let facts = self.membership.facts();
        let member =
            |one: &MemberFacts| json!({"name": one.name, "route": one.route, "domain": one.domain});
        let value = json!({
            "h": self.id,
            "format": 1,
            "key": self.key.to_text(),
            "plain": self.plain,
            "policy": self.policy,
            "component": format!("{:016x}", self.version),
            "balancer": facts.balancer,
            "method": facts.method,
            "sticky": facts.sticky,
            "sticky_force": facts.sticky_force,
            "members": facts.members.iter().map(member).collect::<Vec<_>>(),
        });
        written("head", &value)
    }

    pub(crate) fn of_json(line: &Value) -> Option<Head> {
        (line["format"] == 1).then_some(())?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let members = line["members"].as_array()?.iter().map(|one| {
            Some(MemberFacts {
                name: text(&one["name"])?,
                route: text(&one["route"])?,
                domain: text(&one["domain"]),
            })
        });
        let facts = Facts {
            balancer: text(&line["balancer"])?,
            method: method(line["method"].as_str()?)?,
            sticky: line["sticky"].as_bool()?,
            sticky_force: line["sticky_force"].as_bool()?,
            members: members.collect::<Option<_>>()?,
        };
        Some(Head {
            id: text(&line["h"])?,
            key: Key::of_text(line["key"].as_str()?)?,
            plain: line["plain"].as_bool()?,
            policy: text(&line["policy"])?,
            version: u64::from_str_radix(line["component"].as_str()?, 16).ok()?,
            membership: Arc::new(Membership::new(facts)),
        })
    }
}

fn method(name: &str) -> Option<&'static str> {
    let known = ["Request", "Traffic", "Busyness", "Sessions", "Next"];
    known.into_iter().find(|known| *known == name)
}
