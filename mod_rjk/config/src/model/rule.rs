//! What a mount rule says beyond its worker.

use super::balancer::Activation;
use super::worker::FailStatus;
use bstr::BString;
use std::time::Duration;

/// What a mount rule or `JK_WORKER_NAME` adds after `;` (contract §3.3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleExtensions {
    /// Replaces the worker's reply timeout; zero switches it off.
    pub reply_timeout: Option<Duration>,
    /// Ignore the session's route.
    pub sticky_ignore: bool,
    /// Does not count as a new session and ignores the load.
    pub stateless: bool,
    /// Members whose activation is overridden for this rule, in effect order: the last entry of a name wins.
    pub activation: Vec<(BString, Activation)>,
    /// Replaces the worker's list when not `None`.
    pub fail_on_status: Option<Vec<FailStatus>>,
    /// Statuses from here on are answered by httpd's ErrorDocument.
    pub use_server_errors: Option<u16>,
    /// Cookie name to read the session from.
    pub session_cookie: Option<BString>,
    /// Path parameter to read the session from.
    pub session_path: Option<BString>,
    /// Add a session cookie of our own.
    pub set_session_cookie: bool,
    /// Path of that cookie (X-10, BG-07).
    pub session_cookie_path: Option<BString>,
}

impl RuleExtensions {
    /// The members whose activation the rule sets to this, as it names them (OUT-08).
    pub fn members(&self, activation: Activation) -> impl Iterator<Item = &BString> {
        let named = self.activation.iter();
        named.filter_map(move |(name, state)| (*state == activation).then_some(name))
    }
}
