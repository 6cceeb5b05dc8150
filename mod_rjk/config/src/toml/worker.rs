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
pub use reach::{NamedFile, Reached, Role};

use super::node::Section;
use super::schema::{WORKER, WORKER_DEFAULTS};
use crate::error::ConfigError;
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
    pub(super) fn read(root: &Section<'_>, folder: &Path) -> Result<Ways, ConfigError> {
        let defaults = root.section("worker_defaults", "[worker_defaults]")?;
        let defaults = defaults.map(|section| read_defaults(&section, folder));
        let named = root.sections("worker", "[worker.NAME]")?.into_iter();
        Ok(Ways {
            defaults: defaults.transpose()?,
            named: named
                .map(|(name, section)| read_named(name, &section, folder))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn read_defaults(section: &Section<'_>, folder: &Path) -> Result<Entry, ConfigError> {
    if section.has("socket") {
        let message = "socket is in [worker_defaults], and no two workers have the same; write it in a \
                       [worker.NAME]";
        return Err(section.error_at("socket", message.to_owned()));
    }
    form::check_keys(section, "NAME")?;
    section.only(WORKER_DEFAULTS.names())?;
    Entry::read(section, folder)
}

fn read_named(name: &str, section: &Section<'_>, folder: &Path) -> Result<Named, ConfigError> {
    form::check_keys(section, name)?;
    section.only(WORKER.names())?;
    Ok(Named {
        worker: name.to_owned(),
        entry: Entry::read(section, folder)?,
    })
}
