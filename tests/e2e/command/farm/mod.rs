//! The verbs that talk to status workers: two web hosts in front of the same members.

mod change;
mod drain;
mod failures;
mod losing;
mod site;
mod status;
mod top;
