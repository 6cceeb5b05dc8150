//! The directives: httpd's arguments in, typed directives of a server out.

mod section;
pub(crate) mod table;
