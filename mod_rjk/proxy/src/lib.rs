//! Connections to Tomcat and the life of one forwarded request.
//!
//! [`dispatcher::Dispatcher::serve`] owns the way of a request: choose a member, take a connection,
//! exchange, release, account. `LIFECYCLE.md` beside this crate tells it in order.
//! [`worker::direct`] asks one Tomcat without httpd, for tools.
//!
//! The house has floors, and each knows only those below it:
//!
//! | floor | what is at home there |
//! |---|---|
//! | [`dispatcher`] | all workers of one child |
//! | [`worker`] | what the configuration names: a worker is configured, an endpoint is how one Tomcat is reached, a member is a worker in a balancer |
//! | `exchange` | one request and its answer on one connection |
//! | [`job`] | a request on its way, its client, and how it ended |
//! | [`way`] | connections: how they are opened, kept and lent |
//! | [`tunnel`] | what follows when both sides changed to another protocol |
//! | [`clock`], `sync` | the time, and how threads wait for each other |
#![forbid(unsafe_code)]

pub mod clock;
pub mod dispatcher;
mod exchange;
pub mod job;
mod sync;
pub mod tunnel;
pub mod way;
pub mod worker;

#[cfg(test)]
mod tests;
