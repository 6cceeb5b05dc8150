//! The exchange with a worker: bodies, failures, retries, timeouts and the connection pool.

mod failures;
mod world;
