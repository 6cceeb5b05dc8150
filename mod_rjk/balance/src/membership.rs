//! What a policy is told of its balancer once, when it is configured.

use bstr::ByteSlice;
use rjk_config::model::LbSpec;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What identifies a balancer and its members over time. When it has another stamp, a policy is
/// configured anew; what else changes of a member is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    stamp: u64,
    facts: Facts,
}

/// What a policy is told of its balancer. Bytes that are not UTF-8 are U+FFFD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Worker name of the balancer.
    pub balancer: String,
    /// Its balancing method, as the contract writes it.
    pub method: &'static str,
    /// Whether requests stick to the member of their session.
    pub sticky: bool,
    /// Whether a session whose member cannot take it gets an error.
    pub sticky_force: bool,
    /// Its members in configuration order.
    pub members: Vec<MemberFacts>,
}

/// What a policy is told of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemberFacts {
    /// Worker name.
    pub name: String,
    /// Its jvmRoute.
    pub route: String,
    /// Its replication domain.
    pub domain: Option<String>,
}

impl Membership {
    /// With the stamp of these facts.
    pub fn new(facts: Facts) -> Membership {
        let mut hasher = DefaultHasher::new();
        facts.hash(&mut hasher);
        Membership {
            stamp: hasher.finish(),
            facts,
        }
    }

    /// That of a balancer as it is now.
    pub fn of(balancer: &LbSpec) -> Membership {
        let text = |bytes: &bstr::BString| bytes.to_str_lossy().into_owned();
        let members = balancer.members.iter().map(|member| MemberFacts {
            name: text(&member.ajp.name),
            route: text(&member.route),
            domain: member.domain.as_ref().map(text),
        });
        Membership::new(Facts {
            balancer: text(&balancer.name),
            method: balancer.method.as_str(),
            sticky: balancer.sticky_session,
            sticky_force: balancer.sticky_session_force,
            members: members.collect(),
        })
    }

    /// The same for the same facts, within one process and its children.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// What a policy is told.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}
