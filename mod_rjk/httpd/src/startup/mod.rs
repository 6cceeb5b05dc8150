//! From directives to a running configuration: `check_config` finds every error and makes nothing,
//! `post_config` makes what is needed (design §4).

pub(crate) mod check;
mod config_file;
mod files;
pub(crate) mod generation;
mod lasting;
pub(crate) mod open;
mod policies;
mod shm;
mod sources;
mod targets;
mod tls;
