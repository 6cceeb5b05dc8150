//! What a test wants of its farm.

use super::notes::FORMAT;
use super::{Farm, Members, STATUS};
use crate::httpd::{Builder, Mpm};
use crate::peer::Script;
use crate::{Httpd, Result, Subject, policies};
use std::path::Path;

/// Peers, the balancers over them, and the web server in front. Everything but [`STATUS`] goes to the
/// first balancer, unless [`Plan::mounts`] says otherwise.
#[derive(Debug)]
pub struct Plan {
    subject: Subject,
    peers: Vec<(String, Script)>,
    properties: String,
    toml: String,
    mounts: String,
    builder: Builder,
}

impl Plan {
    /// A balancer `lb` of peers with these names, on one child (its scan offset belongs to it alone,
    /// LB-06).
    pub fn new(subject: Subject, names: &[&str]) -> Plan {
        Plan {
            subject,
            peers: echoing(names),
            properties: format!(
                "worker.list=lb,st\nworker.st.type=status\nworker.lb.type=lb\n\
                 worker.lb.balance_workers={}\n",
                names.join(",")
            ),
            toml: String::new(),
            mounts: format!("JkMount /* lb\nJkUnMount {STATUS} lb\n"),
            builder: one_child(subject).access_log(FORMAT),
        }
    }

    /// Workers of these names, without a balancer, each mounted at `/NAME/*`.
    pub fn workers(subject: Subject, names: &[&str]) -> Plan {
        let mounts = names
            .iter()
            .map(|name| format!("JkMount /{name}/* {name}\n"));
        Plan {
            peers: echoing(names),
            properties: format!(
                "worker.list={},st\nworker.st.type=status\n",
                names.join(",")
            ),
            mounts: mounts.collect(),
            ..Plan::new(subject, &[])
        }
    }

    /// Balancers of these names, each mounted at `/NAME` and below, over the same peers `a` and `b`:
    /// the members of `lb` are `lb-a` and `lb-b`.
    pub fn balancers(subject: Subject, names: &[&str]) -> Plan {
        let mut properties = format!(
            "worker.list={},st\nworker.st.type=status\n",
            names.join(",")
        );
        let mut mounts = String::new();
        for name in names {
            properties += &format!(
                "worker.{name}.type=lb\nworker.{name}.balance_workers={name}-a,{name}-b\n\
                 worker.{name}-a.reference=worker.a\nworker.{name}-b.reference=worker.b\n"
            );
            mounts += &format!("JkMount /{name}|/* {name}\n");
        }
        Plan {
            peers: echoing(&["a", "b"]),
            properties,
            mounts,
            ..Plan::new(subject, &[])
        }
    }

    /// What a peer does instead of echoing, from the start.
    pub fn script(mut self, name: &str, script: impl Into<Script>) -> Plan {
        let script = script.into();
        let found = self.peers.iter_mut().find(|(known, _)| known == name);
        assert!(found.is_some(), "no peer {name} is planned");
        if let Some((_, known)) = found {
            *known = script;
        }
        self
    }

    /// A property of the balancer: `sticky_session=0`.
    pub fn lb(self, property: &str) -> Plan {
        self.line(&format!("worker.lb.{property}"))
    }

    /// A property of a member: `m1`, `lbfactor=3`.
    pub fn member(self, name: &str, property: &str) -> Plan {
        self.line(&format!("worker.{name}.{property}"))
    }

    /// Lines of workers.properties.
    pub fn line(mut self, line: &str) -> Plan {
        self.properties.push_str(line);
        self.properties.push('\n');
        self
    }

    /// Lines of rjk.toml; the directive comes with them.
    pub fn toml(mut self, lines: &str) -> Plan {
        self.toml.push_str(lines);
        self
    }

    /// What rjk.toml has so far, changed.
    pub fn toml_of(mut self, change: impl FnOnce(&str) -> String) -> Plan {
        self.toml = change(&self.toml);
        self
    }

    /// A policy for the balancer `lb`, from plugins/ or else from plugins/fixtures; `settings` are
    /// lines of its table, `config` those of its own.
    pub fn policy(self, name: &str, settings: &str, config: &str) -> Result<Plan> {
        let component = if policies::is_for_sites(name) {
            policies::built(name)?
        } else {
            policies::fixture(name)?
        };
        Ok(self.component(name, &component, settings, config))
    }

    /// The same with a component at any place.
    pub fn component(self, name: &str, file: &Path, settings: &str, config: &str) -> Plan {
        self.toml(&format!(
            "[policy.{name}]\ncomponent = {file:?}\n{settings}\n\
             [policy.{name}.config]\n{config}\n[balancer.lb]\npolicy = \"{name}\"\n"
        ))
    }

    /// Lines of httpd.conf instead of the usual mounts; [`STATUS`] is mounted in any case.
    pub fn mounts(mut self, directives: &str) -> Plan {
        self.mounts = format!("{directives}\n");
        self
    }

    /// Lines of httpd.conf.
    pub fn directives(self, directives: &str) -> Plan {
        self.httpd(|builder| builder.directives(directives))
    }

    /// The MPM, with two children.
    pub fn mpm(self, mpm: Mpm) -> Plan {
        self.httpd(|builder| builder.mpm(mpm).start_servers(2))
    }

    /// Anything else of the web server.
    pub fn httpd(mut self, change: impl FnOnce(Builder) -> Builder) -> Plan {
        self.builder = change(self.builder);
        self
    }

    /// Starts the peers and the server.
    pub fn start(self) -> Result<Farm> {
        let subject = self.subject;
        let (members, builder) = self.members()?;
        Ok(Farm::over(subject, members, builder.start()?))
    }

    /// Starts the peers only; and the server as it is to be started, for tests of its start.
    pub fn members(self) -> Result<(Members, Builder)> {
        let mut members = Members::default();
        let mut workers = String::new();
        for (name, script) in self.peers {
            workers.push_str(&members.start(&name, script)?);
        }
        let mut builder = self
            .builder
            .workers(workers + &self.properties)
            .directives(format!("JkMount {STATUS} st\n{}", self.mounts));
        if !self.toml.is_empty() {
            builder = builder
                .file("conf/rjk.toml", self.toml)
                .directives("RjkConfigFile conf/rjk.toml");
        }
        Ok((members, builder))
    }
}

fn echoing(names: &[&str]) -> Vec<(String, Script)> {
    let echo = |name: &&str| ((*name).to_owned(), Script::default());
    names.iter().map(echo).collect()
}

fn one_child(subject: Subject) -> Builder {
    Httpd::builder(subject).server_limit(1).log_level("info")
}
