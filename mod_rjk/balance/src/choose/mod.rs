//! Which member takes a request.

pub(crate) mod consult;
pub(crate) mod rules;
pub(crate) mod selection;
