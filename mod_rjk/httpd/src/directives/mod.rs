//! The directives: httpd's arguments in, typed directives of a server out.

mod actions;
pub(crate) mod table;
