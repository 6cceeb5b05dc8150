//! What an author writes.

use crate::{Decision, Host, Outcome, Request, Setup};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A routing policy. One value of it lives in each instance of the component; an instance serves
/// one request at a time, so a [`Cell`](std::cell::Cell) is enough to remember something. There are
/// several instances in several processes, and they come and go: what must hold for all of them belongs
/// in the store, see [`Setup::reserve`].
pub trait Policy: Sized + 'static {
    /// The policy's own table of rjk.toml, `[policy.NAME.config]`. With
    /// `#[serde(deny_unknown_fields)]` a mistyped key is an error and not a surprise. A policy
    /// without keys takes [`NoConfig`].
    type Config: DeserializeOwned;

    /// Called once for each instance, before anything else. What is told here does not change while
    /// the instance lives.
    ///
    /// # Errors
    /// The text is shown to the administrator, and httpd does not start: say what to write instead.
    fn configure(setup: &Setup, config: Self::Config) -> Result<Self, String>;

    /// Called before each attempt of a request.
    ///
    /// `sticky` is the position of the member that the session rules resolve to; it is among the
    /// candidates, even when it is disabled. The other candidates are the members that can take
    /// any request and were not tried for this one. There is at least one candidate;
    /// [`Request::candidates`] tells them, [`Request::is_candidate`] asks for a single one.
    fn choose(&self, request: &Request, sticky: Option<u32>) -> Decision;
}

/// A policy that also learns what became of the requests: `export!(MyPolicy, observer)`.
pub trait Observer: Policy {
    /// Called once for each attempt for which a member was chosen, after it ended, whoever chose it.
    /// It may run in another instance, in another process than `choose` did: what they share is the
    /// store, and the token of [`Request::set_token`].
    fn observe(&self, host: &Host, outcome: &Outcome);
}

/// The configuration of a policy that takes none: an empty table or no table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

impl Decision {
    /// `Worker(member)` when that member is among the candidates, else `Builtin`. It makes one
    /// call of the host, [`Request::is_candidate`].
    pub fn worker_if_candidate(member: u32, request: &Request) -> Decision {
        if request.is_candidate(member) {
            Decision::Worker(member)
        } else {
            Decision::Builtin
        }
    }
}
