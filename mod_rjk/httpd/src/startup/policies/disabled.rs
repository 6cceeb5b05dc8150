//! Stands in where the module was built without policies.

use super::super::config_file::ConfigFile;
use super::super::sources::Sources;
use rjk_config::error::ConfigError;
use rjk_config::toml::RjkToml;
use rjk_config::workers::Workers;
use rjk_log::Log;
use rjk_proxy::worker::setup::{Policies, Watches};
use std::io;

#[derive(Default)]
pub(crate) struct Lasting;

pub(crate) struct LoadedPolicies;

/// A policy would decide nothing.
pub(in crate::startup) fn refusal(file: &RjkToml) -> Option<ConfigError> {
    let policy = file.policies.first().map(|one| &one.table);
    let balancer = file.balancers.first().map(|one| &one.location);
    let location = policy.or(balancer)?.clone();
    let message = "this module was built without the feature policy; take [policy.NAME] and [balancer.NAME] away";
    Some(ConfigError::new(Some(location), message))
}

impl LoadedPolicies {
    pub(in crate::startup) fn load(
        sources: &mut Sources<'_>,
        config_file: Option<ConfigFile>,
        _workers: &Workers,
        _lasting: &Lasting,
    ) -> Result<LoadedPolicies, ConfigError> {
        // At a start it was refused.
        if let Some(error) = config_file.and_then(|one| refusal(&one.file)) {
            sources.go_on(&error, "the built-in rules for all balancers");
        }
        Ok(LoadedPolicies)
    }

    pub(crate) fn open(&self, _lasting: &Lasting) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn open_records(&self, _lasting: &Lasting) -> Vec<ConfigError> {
        Vec::new()
    }

    pub(crate) fn sweep(&self, _lasting: &Lasting) {}

    pub(crate) fn lines(&self) -> Vec<String> {
        Vec::new()
    }

    pub(crate) fn for_child(&self, _threads: usize, _log: &dyn Log) -> Policies {
        Policies::new()
    }

    pub(crate) fn watches(&self) -> Watches {
        Watches::new()
    }
}
