//! The exchange with a worker: bodies, failures, retries, timeouts and the connection pool.

mod bodies;
mod clients;
mod failure_table;
mod drips;
mod failures;
mod large;
mod late;
mod pool;
mod recovery;
mod responses;
mod timeouts;
