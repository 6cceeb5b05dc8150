//! Pool, body and pump against backends on loopback, without httpd.

mod body;
mod pool;
mod pump;
mod support;
