//! The directives: httpd's arguments in, typed directives of a server out.

mod actions;
mod section;
pub(crate) mod table;
