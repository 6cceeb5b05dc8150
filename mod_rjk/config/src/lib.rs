//! mod_jk's configuration files and directives, read into one model.
#![forbid(unsafe_code)]

pub mod error;
pub mod model;
pub mod options;
pub mod properties;
pub mod server;
pub mod server_version;
pub mod toml;
pub mod uri;
pub mod uri_map;
pub mod workers;

pub use rjk_log::{self as log, jk_log, line as log_line};
