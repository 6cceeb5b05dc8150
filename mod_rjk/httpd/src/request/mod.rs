//! One request, from httpd's hooks to the dispatcher of `rjk-proxy` and back.

pub(crate) mod after;
mod body;
mod client;
pub(crate) mod end;
mod env_value;
mod facts;
mod failed;
pub(crate) mod handler;
pub(crate) mod index_file;
mod local;
mod log;
mod map_file;
pub(crate) mod mapping;
mod notes;
mod request_line;
pub(crate) mod state;
mod status_page;
mod target;
mod tls;
mod tunnel;
