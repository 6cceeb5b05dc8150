//! The exchange with a worker: bodies, failures, retries, timeouts and the connection pool.

mod bodies;
mod clients;
mod failure_table;
mod failures;
mod large;
mod pool;
mod recovery;
mod responses;
mod timeouts;
