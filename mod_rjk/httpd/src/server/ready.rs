//! A server's configuration once it was checked, and what a child serves with.

use crate::log::LogSink;
use crate::server::env_names::EnvNames;
use crate::startup::Generation;
use rjk_config::server::ServerConfig;
use std::sync::Arc;

/// A checked configuration.
pub(crate) struct Ready {
    pub(crate) config: ServerConfig,
    /// The environment variables that requests read.
    pub(crate) env: EnvNames,
    pub(crate) generation: Arc<Generation>,
    /// Open from post_config on.
    pub(crate) log: Option<LogSink>,
}
