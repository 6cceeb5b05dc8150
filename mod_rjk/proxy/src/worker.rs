//! The workers of one child. A worker is configured, an endpoint is how one Tomcat is reached, a
//! member is a worker in a balancer.

mod account;
mod attempt;
mod contact;
pub mod direct;
pub mod edit;
pub mod endpoint;
mod failover;
pub mod load_balancer;
pub mod setup;
pub mod standalone;
mod transfer;
