//! Start-up, errors of the configuration, logs, the status page and the example configurations.

mod advice;
mod artifact;
mod broken;
mod deployments;
mod directives;
mod examples;
mod graceful_stop;
mod jk_log;
mod properties;
mod restart;
mod signal;
mod status;
mod status_commands;
mod stop;
mod tolerated;
