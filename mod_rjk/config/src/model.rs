//! What a configuration means, once it was read: the only form the other crates see.
//!
//! Names and values keep their bytes ([`BString`]): mod_jk's files know no encoding.

mod balancer;
mod legacy;
mod rule;
mod status;
mod way;
mod worker;

pub use balancer::{Activation, BalanceMethod, LbSpec, Lock, MemberSpec};
pub use legacy::{LegacySpec, LegacyType};
pub use rule::RuleExtensions;
pub use status::{RatedState, RatingSet, StatusSpec};
pub use way::{Forward, HttpSpec, Protocol, TlsIdentity, TlsSpec, Way, WebSocketSpec};
pub use worker::{AjpSpec, FailStatus, PingSpec, PoolSpec, RecoveryOptions};

use bstr::BString;

/// One worker of `worker.list`, or a member of a balancer (contract row W-03).
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerSpec {
    /// `type=ajp13`: one Tomcat.
    Ajp(AjpSpec),
    /// `type=lb`: a balancer over ajp13 workers.
    Lb(LbSpec),
    /// `type=status`: the status page.
    Status(StatusSpec),
    /// `type=ajp12` or `type=ajp14`: its requests fail with 500, the site runs.
    Legacy(LegacySpec),
}

impl WorkerSpec {
    /// The worker's name.
    pub fn name(&self) -> &BString {
        match self {
            WorkerSpec::Ajp(spec) => &spec.name,
            WorkerSpec::Lb(spec) => &spec.name,
            WorkerSpec::Status(spec) => &spec.name,
            WorkerSpec::Legacy(spec) => &spec.name,
        }
    }

    /// The ajp13 workers that it is: itself, or its members.
    pub fn ajp13(&self) -> Vec<&AjpSpec> {
        match self {
            WorkerSpec::Ajp(spec) => vec![spec],
            WorkerSpec::Lb(spec) => spec.members.iter().map(|member| &member.ajp).collect(),
            WorkerSpec::Status(_) | WorkerSpec::Legacy(_) => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub fn ajp13_mut(&mut self) -> Vec<&mut AjpSpec> {
        match self {
            WorkerSpec::Ajp(spec) => vec![spec],
            WorkerSpec::Lb(spec) => {
                let members = spec.members.iter_mut();
                members.map(|member| &mut member.ajp).collect()
            }
            WorkerSpec::Status(_) | WorkerSpec::Legacy(_) => Vec::new(),
        }
    }

    /// The value of the note `JK_WORKER_TYPE` (contract row T-02).
    pub fn type_name(&self) -> &'static str {
        match self {
            WorkerSpec::Ajp(_) => "ajp13",
            WorkerSpec::Lb(_) => "lb",
            WorkerSpec::Status(_) => "status",
            WorkerSpec::Legacy(spec) => spec.kind.as_str(),
        }
    }
}
