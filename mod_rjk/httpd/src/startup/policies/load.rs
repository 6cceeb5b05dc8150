//! The policies of one configuration: compiled and tried by the check, given to each child.

use super::super::config_file::ConfigFile;
use super::super::shm::LastingMemory;
use super::super::sources::Sources;
use super::bound::{Bound, Made};
use super::codes::Codes;
use super::loader::Loader;
use super::watched::Watched;
use bstr::BString;
use rjk_config::error::{ConfigError, Warning};
use rjk_config::toml::RjkToml;
use rjk_config::workers::Workers;
use rjk_log::Log;
use rjk_proxy::worker::setup::{Policies, Watches};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;

/// What of policies outlives configurations.
#[derive(Default)]
pub(crate) struct Lasting {
    pub(super) codes: Codes,
    /// What each balancer was served with last.
    pub(super) good: RefCell<HashMap<BString, Made>>,
    /// What old and new children share.
    memory: LastingMemory,
}

/// Nothing in the file is refused because of how this module was built.
pub(in crate::startup) fn refusal(_file: &RjkToml) -> Option<ConfigError> {
    None
}

/// The policies of one configuration.
#[derive(Default)]
pub(crate) struct LoadedPolicies {
    bound: Vec<Bound>,
    watched: Vec<Watched>,
    /// Components that were compiled since the start of httpd.
    compiled: u64,
}

impl LoadedPolicies {
    /// Compiles each component that a balancer uses, and runs its `configure` for each of its balancers. A restart goes on with what served before where that fails.
    ///
    /// # Errors
    /// At a start: what is wrong, with file and line.
    pub(in crate::startup) fn load(
        sources: &mut Sources<'_>,
        config_file: Option<ConfigFile>,
        workers: &Workers,
        lasting: &Lasting,
    ) -> Result<LoadedPolicies, ConfigError> {
        let Some(ConfigFile { file, problem }) = config_file else {
            return Ok(LoadedPolicies::default());
        };
        file.unused().for_each(|warning| sources.warn(warning));
        let bound = Loader {
            sources,
            file: &file,
            problem,
            lasting,
        }
        .load(workers)?;
        if let Some(reason) = bound.iter().find_map(|one| one.made()?.code.denied()) {
            sources.warn(Warning::new(None, rjk_policy::denied_line(reason)));
        }
        give_memory_back();
        let watched = Watched::all(&file, workers);
        watched.iter().try_for_each(|one| one.check(sources))?;
        Ok(LoadedPolicies {
            bound,
            watched,
            compiled: lasting.codes.compiled(),
        })
    }

    /// Gets what the children will share, and remembers what serves; for `post_config`.
    ///
    /// # Errors
    /// Memory is out: the policies that got none are missing.
    pub(crate) fn open(&self, lasting: &Lasting) -> io::Result<()> {
        let shared = self.bound.iter().map(|bound| bound.share(&lasting.memory));
        let watched = self.watched.iter().map(|one| one.share(&lasting.memory));
        let shared = shared.chain(watched).fold(Ok(()), io::Result::and);
        let mut good = lasting.good.borrow_mut();
        good.retain(|balancer, _| self.bound.iter().any(|bound| bound.balancer == *balancer));
        good.extend(self.bound.iter().filter_map(|bound| {
            let made = bound.made()?.clone();
            Some((bound.balancer.clone(), made))
        }));
        lasting.codes.sweep();
        shared
    }

    /// Opens the files that decisions are written to; what is wrong with them.
    pub(crate) fn open_records(&self, lasting: &Lasting) -> Vec<ConfigError> {
        let open = |one: &Watched| {
            let mut bound = self.bound.iter();
            let bound = bound.find(|bound| bound.balancer == one.balancer);
            let made = bound.and_then(Bound::made);
            let version = made.map_or(0, |made| made.code.description().hash);
            one.open(&lasting.memory, &self.watched, version).err()
        };
        self.watched.iter().filter_map(open).collect()
    }

    /// Gives back what none of them shares any more.
    pub(crate) fn sweep(&self, lasting: &Lasting) {
        lasting.memory.sweep();
    }

    /// What the log tells of them.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.bound.iter().map(Bound::line).collect();
        if !lines.is_empty() {
            let compiled = self.compiled;
            lines.push(format!(
                "components of policies compiled since httpd was started: {compiled}"
            ));
        }
        lines
    }

    /// The policies for a child with that many threads.
    pub(crate) fn for_child(&self, threads: usize, log: &dyn Log) -> Policies {
        let policies = self.bound.iter();
        policies
            .map(|bound| (bound.balancer.clone(), bound.for_child(threads, log)))
            .collect()
    }

    /// What each child keeps of decisions.
    pub(crate) fn watches(&self) -> Watches {
        let watched = self.watched.iter();
        watched
            .map(|one| (one.balancer.clone(), one.for_child()))
            .collect()
    }
}

/// What the compiler used and freed goes back to the system, before each child inherits it.
fn give_memory_back() {
    // SAFETY: the function has no preconditions; it may be called at any time.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0)
    };
}
