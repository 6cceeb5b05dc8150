//! `[worker.NAME]` and `[worker_defaults]`: how workers are reached, beside what workers.properties says.

mod entry;
mod form;
mod merged;
mod reach;
mod socket;
#[cfg(test)]
mod tests;

pub use entry::{DEFAULT_WEBSOCKET_IDLE, DEFAULT_WEBSOCKETS};
pub(super) use entry::{IDLE, RESOLVE, WEBSOCKETS};
pub use form::MAX_SOCKET_BYTES;
pub(super) use form::check_tables;
pub use reach::{NamedFile, Reached, Role};

use super::node::Section;
use super::schema::{WORKER, WORKER_DEFAULTS};
use entry::Entry;
use std::path::Path;

/// What the file says of how workers are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// `[worker_defaults]`.
    defaults: Option<Entry>,
    /// `[worker.NAME]`, in the order of the names.
    named: Vec<Named>,
}

/// One `[worker.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    worker: String,
    entry: Entry,
}

impl Ways {
    /// Whether it says something of certain workers.
    pub fn names_workers(&self) -> bool {
        !self.named.is_empty()
    }

    /// Something that was meant for its tables is elsewhere.
    pub(super) fn spoil(&mut self) {
        let named = self.named.iter_mut().map(|named| &mut named.entry);
        for entry in named.chain(&mut self.defaults) {
            entry.is_broken = true;
        }
    }

    pub(super) fn read(root: &Section<'_>, folder: &Path) -> Ways {
        let defaults = root.section("worker_defaults", "[worker_defaults]");
        let named = root.sections("worker", "[worker.NAME]").into_iter();
        Ways {
            defaults: defaults.map(|section| read_defaults(&section, folder)),
            named: named
                .map(|(name, section)| read_named(name, &section, folder))
                .collect(),
        }
    }
}

fn read_defaults(section: &Section<'_>, folder: &Path) -> Entry {
    let keys = || form::check_keys(section, "NAME", &WORKER_DEFAULTS);
    Entry::read(section, folder, keys)
}

fn read_named(name: &str, section: &Section<'_>, folder: &Path) -> Named {
    let keys = || form::check_keys(section, name, &WORKER);
    Named {
        worker: name.to_owned(),
        entry: Entry::read(section, folder, keys),
    }
}
