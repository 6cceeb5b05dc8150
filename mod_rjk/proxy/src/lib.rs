//! Connections to Tomcat and the life of one forwarded request.
//!
//! [`dispatcher::Dispatcher::serve`] owns the way of a request: choose a member, take a connection,
//! exchange, release, account. `LIFECYCLE.md` beside this crate tells it in order.
#![forbid(unsafe_code)]

pub mod address;
pub mod attempt;
mod body;
pub mod connection;
pub mod dispatcher;
pub mod downstream;
mod failover;
pub mod failure;
pub mod load_balancer;
pub mod pool;
mod pump;
pub mod report;
pub mod request;
mod response;
pub mod standalone;
pub mod status;

#[cfg(test)]
mod tests;
