//! What one child runs with, from child_init to its end.

pub(crate) mod init;
mod resolver;
mod rounds;
mod threads;
mod watchdog;
