//! Which member takes a request.

pub(crate) mod bounds;
mod chosen;
pub(crate) mod consult;
pub(crate) mod pick;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod selection;
mod story;
pub(crate) mod watched;
