//! What a status worker says (docs/status-json.md), as far as the verbs read it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The answer to `cmd=list`.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// When, by the clock of the host.
    pub time: Time,
    /// Versions.
    pub software: Software,
    /// Its balancers.
    #[serde(default)]
    pub balancers: Vec<Balancer>,
    /// Its workers without a balancer.
    #[serde(default)]
    pub ajp_workers: Vec<Worker>,
    /// What people should know: certificates that end soon, what is wrong since the last restart.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// A moment.
#[derive(Clone, Debug, Deserialize)]
pub struct Time {
    /// Seconds since 1970.
    pub unix: i64,
}

/// Who answers.
#[derive(Clone, Debug, Deserialize)]
pub struct Software {
    /// `mod_rjk/x.y.z`.
    pub jk_version: String,
}

/// A balancer.
#[derive(Clone, Debug, Deserialize)]
pub struct Balancer {
    /// Its name.
    pub name: String,
    /// Its members.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// A member of a balancer.
#[derive(Clone, Debug, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// The name of its Tomcat in session ids.
    pub route: String,
    /// Which requests it may get.
    pub activation: Activation,
    /// How it is.
    pub state: State,
    /// Requests in flight.
    pub busy: u64,
    /// Requests that it took since the last reset.
    pub elected: u64,
    /// Failures since the last reset.
    pub errors: u64,
    /// The last reset, in seconds since 1970.
    pub last_reset_at: i64,
}

/// A worker without a balancer.
#[derive(Clone, Debug, Deserialize)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: State,
    /// Requests in flight.
    pub busy: u64,
    /// Requests that it took since the last reset.
    pub used: u64,
    /// Failures since the last reset.
    pub errors: u64,
    /// The last reset, in seconds since 1970.
    pub last_reset_at: i64,
}

/// Which requests a member may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Activation {
    /// All.
    #[serde(rename = "ACT")]
    Active,
    /// Those of its sessions.
    #[serde(rename = "DIS")]
    Disabled,
    /// None.
    #[serde(rename = "STP")]
    Stopped,
}

impl Activation {
    /// The word of the status worker.
    pub fn as_str(self) -> &'static str {
        match self {
            Activation::Active => "ACT",
            Activation::Disabled => "DIS",
            Activation::Stopped => "STP",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a worker is, in the words of the status worker: `OK/IDLE`, `ERR`, ….
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct State(String);

impl State {
    /// Whether it failed and has not been well since: also one that is about to be tried again.
    pub fn is_error(&self) -> bool {
        self.0.starts_with("ERR")
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Answer {
    /// A balancer by name.
    pub fn balancer(&self, name: &str) -> Option<&Balancer> {
        self.balancers.iter().find(|balancer| balancer.name == name)
    }

    /// Whether a member or a worker is in error.
    pub fn has_error(&self) -> bool {
        let members = self.balancers.iter().flat_map(|balancer| &balancer.members);
        members.map(|member| &member.state).any(State::is_error)
            || self
                .ajp_workers
                .iter()
                .any(|worker| worker.state.is_error())
    }
}

impl Balancer {
    /// A member by name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Member {
    /// Whether it takes requests without a session.
    pub fn is_usable(&self) -> bool {
        self.activation == Activation::Active && !self.state.is_error()
    }
}
