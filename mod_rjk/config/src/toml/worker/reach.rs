//! What the tables mean for each worker of workers.properties.

use super::form::nearest_worker;
use super::merged::Merged;
use super::{Named, Ways};
use crate::error::{ConfigError, Location, Warning};
use crate::model::{AjpSpec, Way, WorkerSpec};
use crate::workers::Workers;
use bstr::{BString, ByteSlice as _};
use std::path::PathBuf;

/// How one worker is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Its name.
    pub worker: BString,
    /// How it is reached.
    pub way: Way,
    /// Where HTTP listens; `None` for AJP, whose port workers.properties has, and for a socket.
    pub port: Option<u16>,
    /// The files that this names, to be looked at.
    pub files: Vec<NamedFile>,
    /// Its table, else that of the defaults.
    pub place: Location,
}

/// A file that says how a worker is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// What it is for.
    pub role: Role,
    /// The file.
    pub path: PathBuf,
    /// Where it is named.
    pub location: Location,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The worker's unix socket.
    Socket,
    /// The certificates that are trusted.
    Ca,
    /// Our certificate.
    Cert,
    /// Its key.
    Key,
}

impl Ways {
    /// How each worker is reached of which the file says something, in the order of the workers. An error
    /// concerns one worker, which is left as workers.properties has it: a `[worker.NAME]` that is no ajp13
    /// worker there, or keys that do not go together.
    pub fn reach(
        &self,
        workers: &Workers,
        warnings: &mut Vec<Warning>,
    ) -> Vec<Result<Reached, ConfigError>> {
        let known = workers.ajp13();
        let strangers = self.named.iter().filter(|named| !named.is_in(&known));
        let mut all: Vec<Result<Reached, ConfigError>> = strangers
            .filter_map(|named| named.unknown(workers, &known, warnings))
            .map(Err)
            .collect();
        for worker in &known {
            let own = self.named.iter().find(|named| named.is(worker));
            let (own, defaults) = (own.map(|named| &named.entry), self.defaults.as_ref());
            // What is wrong with its tables is told already.
            if own.into_iter().chain(defaults).any(|one| one.is_broken) {
                continue;
            }
            if let Some(first) = own.or(defaults) {
                let one = Merged {
                    worker,
                    own,
                    defaults,
                    table: &first.table,
                };
                all.push(one.reached(warnings));
            }
        }
        warnings.extend(self.idle_default(&all));
        all
    }

    /// Defaults of HTTP where no worker speaks it: one of them alone may still be to come, or was the last.
    fn idle_default(&self, all: &[Result<Reached, ConfigError>]) -> Option<Warning> {
        let speaks_ajp = |one: &Reached| one.way.http().is_none();
        // Who has a mistake may be meant to speak it.
        if self.named.iter().any(|named| named.entry.is_broken)
            || !all.iter().all(|one| one.as_ref().is_ok_and(speaks_ajp))
        {
            return None;
        }
        let (key, place) = self.defaults.as_ref()?.of_http().next()?;
        let message = format!(
            "{key} in [worker_defaults] is for HTTP, which no worker speaks; write protocol = \"http\" there or \
             in a [worker.NAME], or take {key} away"
        );
        Some(Warning::new(Some(place.clone()), message).coded("no-effect"))
    }
}

impl Named {
    fn is(&self, worker: &AjpSpec) -> bool {
        worker.name == self.worker.as_bytes()
    }

    fn is_in(&self, known: &[&AjpSpec]) -> bool {
        known.iter().any(|worker| self.is(worker))
    }

    /// Why this is not how an ajp13 worker is reached; one that is described and not used does no harm.
    fn unknown(
        &self,
        workers: &Workers,
        known: &[&AjpSpec],
        warnings: &mut Vec<Warning>,
    ) -> Option<ConfigError> {
        let name = self.worker.as_str();
        let message = match (
            workers.type_of(name.as_bytes()),
            workers.get(name.as_bytes()),
        ) {
            (Some(kind), listed) if kind != "ajp13" => {
                let members = match listed {
                    Some(WorkerSpec::Lb(lb)) => {
                        let names = lb.members.iter().map(|one| one.ajp.name.to_string());
                        let names: Vec<_> = names.collect();
                        format!("; write the name of a member: {}", names.join(", "))
                    }
                    _ => String::new(),
                };
                format!(
                    "worker {name} is of type {kind}, a [worker.NAME] needs one of type ajp13{members}"
                )
            }
            (Some(_), _) => {
                let message = format!(
                    "worker {name} is described in workers.properties, but neither in worker.list nor a member of \
                     a balancer there; add it, or take [worker.{name}] away"
                );
                let warning = Warning::new(Some(self.entry.table.clone()), message);
                warnings.push(warning.coded("unused-worker"));
                return None;
            }
            (None, _) => {
                let names = known.iter().filter_map(|worker| worker.name.to_str().ok());
                let remedy = nearest_worker(name, names);
                format!("there is no worker {name} in workers.properties{remedy}")
            }
        };
        Some(ConfigError::new(Some(self.entry.table.clone()), message))
    }
}
