//! A server's configuration once it was checked, and what a child serves with.

use crate::ffi::apr::Names;
use crate::log::LogSink;
use crate::server::env_names::EnvNames;
use once_cell::sync::OnceCell;
use rjk_config::server::ServerConfig;
use rjk_proxy::dispatcher::Dispatcher;
use std::sync::Arc;

/// A checked configuration.
pub(crate) struct Ready {
    pub(crate) config: ServerConfig,
    /// The environment variables that requests read.
    pub(crate) env: EnvNames,
    /// A restart found a mistake in a new server: its requests get 503.
    pub(crate) is_closed: bool,
    /// What this child serves with, one for all servers; filled by child_init.
    pub(crate) child: Arc<OnceCell<Child>>,
    /// Open from post_config on.
    pub(crate) log: Option<LogSink>,
}

/// The parts of a child.
pub(crate) struct Child {
    pub(crate) dispatcher: Dispatcher,
    /// The main server's log: what concerns all servers goes there (J-09).
    pub(crate) log: LogSink,
    /// The notes that are made at once.
    pub(crate) notes: Option<Names>,
    /// Maintenance runs in a thread of its own, not in requests (D-16).
    pub(crate) has_watchdog: bool,
}
