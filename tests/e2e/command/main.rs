//! `rjk`, the operator's command, against real servers.

mod farm;
mod peers;
mod said;
