mod choice;
mod ledger;
mod maintenance;
mod methods;
mod model;
mod policy;
mod session;
pub(crate) mod support;
mod transitions;
