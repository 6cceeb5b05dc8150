//! Start-up, errors of the configuration, logs and the example configurations.

mod advice;
mod artifact;
mod broken;
mod certificates;
mod child_signals;
mod deployments;
mod directives;
mod examples;
mod graceful_stop;
mod jk_log;
mod latin_1;
mod properties;
mod restart;
mod signal;
mod stop;
mod tolerated;
mod ways;
