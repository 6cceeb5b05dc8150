//! The exchange with a worker: bodies, failures, retries, timeouts and the connection pool.

mod addresses;
mod bodies;
mod body_end;
mod broken;
mod clients;
mod drips;
mod failure_table;
mod failures;
mod filters;
mod late;
mod nested;
mod pool;
mod recovery;
mod responses;
mod restarts;
mod slow_clients;
mod streams;
mod timeouts;
