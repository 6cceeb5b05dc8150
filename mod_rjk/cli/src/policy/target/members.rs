//! The members that a policy decides among: named on the line, or those of workers.properties.

use crate::policy::problem::Problem;
use clap::Args;
use rjk_balance::{Candidate, Facts, MemberFacts, Membership, Metric};
use rjk_config::model::{LbSpec, MemberSpec, WorkerSpec};
use rjk_config::properties::Properties;
use rjk_config::workers::Workers;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which members there are.
#[derive(Debug, Default, Args)]
pub(super) struct Members {
    /// Names of members, in order; more are made up as needed.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = name)]
    members: Vec<String>,
    /// A workers.properties, whose members are taken.
    #[arg(long, value_name = "FILE", conflicts_with = "members")]
    workers: Option<PathBuf>,
    /// The lb worker of --workers [default: the one that --toml gives the policy to, or the only one].
    #[arg(long, value_name = "NAME", requires = "workers")]
    balancer: Option<String>,
}

/// The members of a balancer before its first request.
pub(in crate::policy) struct Known {
    pub(in crate::policy) membership: Arc<Membership>,
    /// One for each member.
    pub(in crate::policy) numbers: Vec<Candidate>,
}

impl Members {
    /// The members; `bound` is the balancer that rjk.toml gives the policy to.
    pub(super) fn known(&self, bound: Option<&str>) -> Result<Known, Problem> {
        match &self.workers {
            Some(file) => {
                let workers = read(file)?;
                let balancer = self.balancer.as_deref().or(bound);
                let found = balancer_of(&workers, balancer).map_err(|reason| {
                    Problem::Arguments(format!("{}: {reason}", file.display()))
                })?;
                let numbers = std::iter::zip(0.., &found.members);
                Ok(Known {
                    membership: Arc::new(Membership::of(found)),
                    numbers: numbers
                        .map(|(index, spec)| numbers_of(index, spec))
                        .collect(),
                })
            }
            None => Ok(self.named(bound.unwrap_or("lb"))),
        }
    }

    fn named(&self, balancer: &str) -> Known {
        Known {
            membership: Arc::new(Membership::new(Facts {
                balancer: balancer.to_owned(),
                method: "Request",
                sticky: true,
                sticky_force: false,
                members: self.members.iter().cloned().map(member).collect(),
            })),
            numbers: (0..self.members.len()).map(Candidate::new).collect(),
        }
    }
}

impl Known {
    /// Their names, in configuration order.
    pub(in crate::policy) fn names(&self) -> impl Iterator<Item = &str> {
        self.membership
            .facts()
            .members
            .iter()
            .map(|member| member.name.as_str())
    }

    /// With members `m3`, `m4`, … behind those that are there, until there are so many.
    pub(super) fn at_least(&self, least: usize) -> Known {
        let mut facts = self.membership.facts().clone();
        let count = facts.members.len();
        if count >= least {
            return Known {
                membership: self.membership.clone(),
                numbers: self.numbers.clone(),
            };
        }
        let made_up = (count..least).map(|number| member(format!("m{}", number + 1)));
        facts.members.extend(made_up);
        let fresh = (count..least).map(Candidate::new);
        Known {
            membership: Arc::new(Membership::new(facts)),
            numbers: self.numbers.iter().copied().chain(fresh).collect(),
        }
    }
}

/// What the file says of a member.
fn numbers_of(index: usize, spec: &MemberSpec) -> Candidate {
    let distance = i64::from(spec.distance).cast_unsigned();
    Candidate::new(index)
        .with(Metric::Activation, spec.activation as u64)
        .with(Metric::Weight, spec.lbfactor.into())
        .with(Metric::Distance, distance)
        .with(Metric::BusyLimit, spec.ajp.busy_limit.unwrap_or(0).into())
}

/// Its route is its name.
fn member(name: String) -> MemberFacts {
    MemberFacts {
        route: name.clone(),
        name,
        domain: None,
    }
}

fn read(file: &Path) -> Result<Workers, Problem> {
    let text = std::fs::read(file).map_err(|error| Problem::Input(file.to_owned(), error))?;
    let (mut properties, mut warnings) = (Properties::workers(), Vec::new());
    let name = file.display().to_string();
    properties
        .add_text(&text, &name, &mut warnings)
        .and_then(|()| Workers::build(properties, &mut warnings))
        .map_err(Problem::config)
}

fn balancer_of<'a>(workers: &'a Workers, wanted: Option<&str>) -> Result<&'a LbSpec, String> {
    let balancers = workers.list.iter().filter_map(|worker| match worker {
        WorkerSpec::Lb(spec) => Some(spec),
        _ => None,
    });
    let balancers: Vec<&LbSpec> = balancers.collect();
    let names: Vec<String> = balancers.iter().map(|spec| spec.name.to_string()).collect();
    let all = names.join(", ");
    match (wanted, balancers.as_slice()) {
        (_, []) => Err("worker.list names no worker of type lb".to_owned()),
        (None, [only]) => Ok(*only),
        (None, _) => Err(format!(
            "it has several balancers; add --balancer, one of: {all}"
        )),
        (Some(name), specs) => specs
            .iter()
            .find(|spec| spec.name == name)
            .copied()
            .ok_or_else(|| format!("worker.list names no lb worker {name}; it names: {all}")),
    }
}

/// A name as a list of names has it.
fn name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("write names with a comma between them".to_owned()),
        name => Ok(name.to_owned()),
    }
}
