//! Which member takes a request.

mod chosen;
pub(crate) mod consult;
pub(crate) mod pick;
pub(crate) mod rules;
pub(crate) mod selection;
mod story;
pub(crate) mod watched;
