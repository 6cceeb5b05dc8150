//! The exchange with a worker: bodies, failures, retries, timeouts and the connection pool.

mod bodies;
mod clients;
mod failures;
mod large;
mod pool;
mod timeouts;
mod world;
