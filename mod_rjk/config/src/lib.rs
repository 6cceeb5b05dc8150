//! mod_jk's configuration files and directives, read into one model.
#![forbid(unsafe_code)]

pub mod command_line;
pub mod error;
pub mod model;
pub mod properties;
pub mod server;
pub mod toml;
pub mod uri_map;
pub mod workers;

pub use rjk_log::{self as log, jk_log, line as log_line};

// What was moved, under its former names.
pub use server::{self as server_version, options};
pub mod uri {
    //! Paths.
    pub use crate::server::options::ForwardUri;
    pub use crate::uri_map::{MAX_MATCHED, UriError, normalize};
}
