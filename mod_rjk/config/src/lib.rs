//! mod_jk's configuration files and directives, read into one model.
#![forbid(unsafe_code)]

pub mod advice;
pub mod command_line;
pub mod decimal;
pub mod directive;
pub mod error;
pub mod model;
pub mod number;
pub mod properties;
pub mod server;
#[cfg(test)]
mod tests;
pub mod toml;
pub mod uri_map;
pub mod wildcard;
pub mod workers;
