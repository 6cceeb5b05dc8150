//! What an author writes.

use crate::{Decision, Host, Member, Outcome, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A routing policy. One value of it lives in each instance of the component; an instance serves
/// one request at a time, so a [`Cell`](std::cell::Cell) is enough to remember something. Instances
/// come and go: what must be counted over all of them belongs in [`Host::counter_add`].
pub trait Policy: Sized + 'static {
    /// The policy's own table of rjk.toml, `[policy.NAME.config]`. With
    /// `#[serde(deny_unknown_fields)]` a mistyped key is an error and not a surprise. A policy
    /// without keys takes [`NoConfig`].
    type Config: DeserializeOwned;

    /// Called once for each instance, before anything else.
    ///
    /// # Errors
    /// The text is shown to the administrator, and httpd does not start: say what to write instead.
    fn configure(members: &Members, config: Self::Config) -> Result<Self, String>;

    /// Called before each attempt of a request.
    ///
    /// `sticky` is the index of the member that the session rules resolve to; it is among the
    /// candidates, even when it is disabled. The other candidates are the members that can take
    /// any request and were not tried for this one. There is at least one candidate;
    /// [`Request::candidates`] tells them, [`Request::is_candidate`] asks for a single one.
    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision;
}

/// A policy that also learns what became of the requests: `export!(MyPolicy, observer)`.
pub trait Observer: Policy {
    /// Called after each response.
    fn observe(&self, host: &Host, outcome: &Outcome);
}

/// The configuration of a policy that takes none: an empty table or no table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// The members of the balancer, in configuration order.
#[derive(Clone, Debug)]
pub struct Members(Vec<Member>);

impl Members {
    /// All members.
    pub fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.0.iter()
    }

    /// The index of the member with this worker name.
    ///
    /// # Errors
    /// A text that names the unknown worker and all members.
    pub fn index_of(&self, name: &str) -> Result<u32, String> {
        match self.0.iter().find(|member| member.name == name) {
            Some(member) => Ok(member.index),
            None => Err(format!(
                "the balancer has no member \"{name}\"; its members are {}",
                self.names()
            )),
        }
    }

    /// All worker names, quoted, for messages.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|m| format!("\"{}\"", m.name)).collect();
        names.join(", ")
    }
}

impl From<Vec<Member>> for Members {
    fn from(members: Vec<Member>) -> Members {
        Members(members)
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = &'a Member;
    type IntoIter = std::slice::Iter<'a, Member>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Decision {
    /// `Worker(index)` when that member is among the candidates, else `Builtin`. It makes one
    /// call of the host, [`Request::is_candidate`].
    pub fn worker_if_candidate(index: u32, request: &Request) -> Decision {
        if request.is_candidate(index) {
            Decision::Worker(index)
        } else {
            Decision::Builtin
        }
    }
}
