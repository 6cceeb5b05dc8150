//! What the module keeps for each server. All of it is owned by httpd's configuration pool, so a
//! reload starts from nothing.

pub(crate) mod env_names;
pub(crate) mod last_good;
pub(crate) mod note_names;
pub(crate) mod ready;
pub(crate) mod slot;
