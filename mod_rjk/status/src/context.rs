//! What the page for people knows of its request.

use crate::query::Query;
use bstr::BStr;
use rjk_config::model::StatusSpec;

/// What a renderer of pages for people gets besides the [`Page`](crate::model::Page).
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The worker.
    pub spec: &'a StatusSpec,
    /// The request's parameters.
    pub query: &'a Query,
    /// The path, for links.
    pub path: &'a BStr,
    /// Nothing may be changed.
    pub is_read_only: bool,
}
