//! rjk.toml, the file that `RjkConfigFile` names: routing policies, which balancer uses which, what is kept
//! of the decisions about a balancer, and how workers are reached.
//!
//! It is read as a tree with places and walked by hand, so that every error can name its line and
//! what to write instead.

mod balancer;
mod json;
mod node;
mod places;
mod policy;
pub mod schema;
#[cfg(test)]
mod slips;
#[cfg(test)]
mod tests;
mod units;
mod wasm;
mod words;
mod worker;

pub use balancer::{BalancerEntry, DEFAULT_RECORD_BYTES, RecordSpec, RecordValues};
pub use places::ConfigPlaces;
pub use policy::{
    DEFAULT_CONFIGURE_FUEL, DEFAULT_FUEL, DEFAULT_MAX_FAULTS, DEFAULT_MEMORY, MAX_NAME, Mode,
    OnFault, PolicySettings, PolicySpec,
};
pub use units::as_time;
pub use wasm::EngineKind;
pub use worker::{
    DEFAULT_WEBSOCKET_IDLE, DEFAULT_WEBSOCKETS, MAX_SOCKET_BYTES, NamedFile, Reached, Role, Ways,
};

use crate::advice::nearest;
use crate::error::{ConfigError, Mistakes, Warning};
use crate::model::LbSpec;
use crate::workers::Workers;
use ::toml::de::DeTable;
use balancer::check_records;
use node::{Section, Source};
use std::path::Path;
use wasm::read_engine;
use worker::check_tables;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RjkToml {
    /// `[wasm] engine`.
    pub engine: EngineKind,
    /// `[policy.NAME]`, in the order of the names.
    pub policies: Vec<PolicySpec>,
    /// `[balancer.NAME]`, in the order of the names.
    pub balancers: Vec<BalancerEntry>,
    /// `[worker_defaults]` and `[worker.NAME]`.
    pub ways: Ways,
}

/// A `[balancer.NAME]` with what it names.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// The lb worker.
    pub lb: &'a LbSpec,
    /// What is said of it.
    pub entry: &'a BalancerEntry,
    /// Its policy.
    pub policy: Option<&'a PolicySpec>,
}

/// What a file with mistakes says.
#[derive(Clone, Debug)]
pub struct Broken {
    /// What is wrong, in the order of the lines.
    pub mistakes: Mistakes,
    /// What is well of it, to find out what else is wrong.
    pub rest: RjkToml,
}

impl RjkToml {
    /// Reads the text of `file`, the path of the file as the administrator named it or absolute.
    ///
    /// # Errors
    /// What is no TOML, is unknown, has the wrong type, or lies outside of its bounds.
    pub fn parse(text: &str, file: &str) -> Result<RjkToml, Box<Broken>> {
        // TOML in UTF-8 may begin with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Source::new(text, file);
        let read = match DeTable::parse(text) {
            Ok(table) => RjkToml::read(&Section::root(&source, table.get_ref()), file),
            Err(error) => {
                source.refuse(source.syntax_error(&error));
                RjkToml::default()
            }
        };
        match Mistakes::of(source.into_errors()) {
            None => Ok(read),
            Some(mistakes) => Err(Box::new(Broken {
                mistakes,
                rest: read,
            })),
        }
    }

    fn read(root: &Section<'_>, file: &str) -> RjkToml {
        let has_strayed = check_tables(root);
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        let tables = root.sections("policy", "[policy.NAME]");
        let named: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
        let policies: Vec<PolicySpec> = tables
            .iter()
            .filter_map(|(name, section)| PolicySpec::read(name, section, folder))
            .collect();
        let balancers: Vec<BalancerEntry> = root
            .sections("balancer", "[balancer.NAME]")
            .iter()
            .map(|(name, section)| BalancerEntry::read(name, section, folder, &policies, &named))
            .collect();
        for error in check_records(&balancers) {
            root.source().refuse(error);
        }
        let mut ways = Ways::read(root, folder);
        if has_strayed {
            ways.spoil();
        }
        RjkToml {
            engine: read_engine(root),
            policies,
            balancers,
            ways,
        }
    }

    /// What is said of each balancer; an error is a `[balancer.NAME]` that is not an lb worker of
    /// `worker.list`.
    pub fn bind<'a>(
        &'a self,
        workers: &'a Workers,
    ) -> impl Iterator<Item = Result<Bound<'a>, ConfigError>> {
        self.balancers.iter().map(|entry| {
            let policy = entry.policy.and_then(|policy| self.policies.get(policy));
            entry
                .lb_worker(workers)
                .map(|lb| Bound { lb, entry, policy })
        })
    }

    /// One for each policy that no balancer uses: it is not loaded.
    pub fn unused(&self) -> impl Iterator<Item = Warning> {
        let is_used = |index| self.balancers.iter().any(|one| one.policy == Some(index));
        let unused = self.policies.iter().enumerate();
        unused
            .filter(move |(index, _)| !is_used(*index))
            .map(|(_, policy)| {
                let name = &policy.name;
                let message = format!(
                    "no balancer uses policy {name}, so it is not loaded; \
                     write policy = \"{name}\" in a [balancer.NAME], or take it away"
                );
                Warning::new(Some(policy.table.clone()), message).coded("unused-policy")
            })
    }
}

/// The nearest of the known names, or which there are when none is near.
fn instead<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match (nearest(word, known.iter().copied()), known.as_slice()) {
        (Some(near), _) => format!("; write {near}"),
        (None, []) => "; there is none at all".to_owned(),
        (None, [only]) => format!("; there is only {only}"),
        (None, _) => format!("; there are: {}", known.join(", ")),
    }
}
