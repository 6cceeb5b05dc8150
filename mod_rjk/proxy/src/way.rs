//! The way to a Tomcat: its address, connections, and the pool that lends them.

pub mod address;
pub mod connection;
pub mod connector;
pub mod exhaustion;
pub mod pool;
pub mod raw;
mod received;
mod socket;
pub mod stream;
mod tcp;
pub mod tls;
mod unix;
