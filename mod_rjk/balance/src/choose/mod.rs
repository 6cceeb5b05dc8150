//! Which member takes a request.

pub(crate) mod consult;
pub(crate) mod cookie;
pub(crate) mod policy;
pub(crate) mod rounds;
pub(crate) mod rules;
pub(crate) mod selection;
pub(crate) mod session;
