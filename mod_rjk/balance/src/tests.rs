mod choice;
mod ledger;
mod maintenance;
mod policy;
mod session;
mod support;
mod transitions;
