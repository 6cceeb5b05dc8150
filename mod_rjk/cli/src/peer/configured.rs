//! A worker as the configuration has it.

use super::way::{Member, Plan};
use crate::check::site::{self, Given, Site};
use crate::check::{Finding, Severity};
use crate::manners::listed;
use bstr::ByteSlice;
use rjk_config::advice::nearest;
use rjk_config::model::{Activation, WorkerSpec};
use rjk_config::workers::Workers;
use std::path::PathBuf;

/// Names a worker, and where it is configured.
#[derive(Debug, clap::Args)]
pub(super) struct Configured {
    /// Asks this worker as the module would: with the address, protocol, TLS, secret and route that it has in --conf
    #[arg(long, value_name = "NAME", requires = "conf")]
    worker: Option<String>,
    /// httpd's configuration, or workers.properties and, with another --conf, rjk.toml
    #[arg(long, value_name = "FILE", requires = "worker")]
    conf: Vec<PathBuf>,
}

/// Why it does not say how the worker is reached.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unconfigured {
    #[error(transparent)]
    Files(#[from] site::Unusable),
    #[error("the files of --conf are several configurations; name those of one")]
    Several,
    #[error("httpd does not start with it: {place}{message}; see rjk check", place = place(.0), message = .0.message)]
    Refused(Box<Finding>),
    #[error(
        "no workers are described in it; name workers.properties and rjk.toml themselves, each with --conf"
    )]
    NoWorkers,
    #[error("there is no worker {0}{1}")]
    Unknown(String, String),
    #[error("worker {0} is a balancer; name one of its members: {1}")]
    Balancer(String, String),
    #[error("worker {0} is no Tomcat; name one of type ajp13")]
    NoTomcat(String),
    #[error(
        "worker.{0}.port is 0 in workers.properties, so the module never asks it; take that line away"
    )]
    NoContact(String),
}

fn place(finding: &Finding) -> String {
    match finding.line {
        Some(line) => format!("{}:{line}: ", finding.file),
        None => format!("{}: ", finding.file),
    }
}

impl Configured {
    pub(super) fn is_given(&self) -> bool {
        self.worker.is_some()
    }

    /// The worker, reached as rjk.toml says.
    pub(super) fn plan(&self) -> Result<Plan, Unconfigured> {
        let workers = self.site()?.workers.ok_or(Unconfigured::NoWorkers)?;
        plan(&workers, self.worker.as_deref().unwrap_or_default())
    }

    fn site(&self) -> Result<Site, Unconfigured> {
        let given = Given {
            paths: self.conf.clone(),
            kind: None,
            server_root: None,
            define: Vec::new(),
        };
        let mut sites = site::sites(&given)?.into_iter();
        let (Some(mut site), None) = (sites.next(), sites.next()) else {
            return Err(Unconfigured::Several);
        };
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        match site.findings.iter().position(is_error) {
            Some(at) => Err(Unconfigured::Refused(Box::new(
                site.findings.swap_remove(at),
            ))),
            None => Ok(site),
        }
    }
}

fn plan(workers: &Workers, name: &str) -> Result<Plan, Unconfigured> {
    let known = workers.ajp13();
    let Some(spec) = known.iter().find(|spec| spec.name == name.as_bytes()) else {
        return Err(no_worker(workers, name));
    };
    if spec.port == 0 {
        return Err(Unconfigured::NoContact(name.to_owned()));
    }
    let members = workers.list.iter().filter_map(|worker| match worker {
        WorkerSpec::Lb(lb) => Some(&lb.members),
        _ => None,
    });
    let mut members = members.flatten();
    let member = members.find(|member| member.ajp.name == spec.name);
    Ok(Plan {
        spec: (*spec).clone(),
        member: Member {
            route: member.map(|member| member.route.clone()),
            activation: member.map_or(Activation::default(), |member| member.activation),
        },
    })
}

fn no_worker(workers: &Workers, name: &str) -> Unconfigured {
    match workers.get(name.as_bytes()) {
        Some(WorkerSpec::Lb(lb)) => {
            let members = lb.members.iter().map(|member| member.ajp.name.to_string());
            Unconfigured::Balancer(name.to_owned(), listed(members))
        }
        Some(_) => Unconfigured::NoTomcat(name.to_owned()),
        None => {
            let known = workers.ajp13();
            let known = known.iter().filter_map(|spec| spec.name.to_str().ok());
            let known: Vec<&str> = known.collect();
            let instead = match nearest(name, known.iter().copied()) {
                Some(near) => format!("; write {near}"),
                None => format!("; there are: {}", listed(&known)),
            };
            Unconfigured::Unknown(name.to_owned(), instead)
        }
    }
}
