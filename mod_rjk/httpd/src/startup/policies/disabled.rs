//! Stands in where the module was built without policies.

use super::super::lasting;
use super::super::sources::Sources;
use rjk_config::error::ConfigError;
use rjk_config::workers::Workers;
use rjk_log::Log;
use rjk_proxy::worker::setup::{Policies, Watches};
use std::io;

#[derive(Default)]
pub(crate) struct Lasting;

pub(crate) struct LoadedPolicies;

impl LoadedPolicies {
    pub(in crate::startup) fn load(
        sources: &mut Sources<'_>,
        _workers: &Workers,
        _lasting: &lasting::Lasting,
    ) -> Result<LoadedPolicies, ConfigError> {
        if let Some((_, location)) = &sources.global().config_file {
            let message = "RjkConfigFile: this module was built without the feature policy";
            let error = ConfigError::new(Some(location.clone()), message);
            if !sources.is_restart() {
                return Err(error);
            }
            sources.go_on(&error, "the built-in rules for all balancers");
        }
        Ok(LoadedPolicies)
    }

    pub(crate) fn open(&self, _lasting: &lasting::Lasting) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn open_records(&self, _lasting: &lasting::Lasting) -> Vec<ConfigError> {
        Vec::new()
    }

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
