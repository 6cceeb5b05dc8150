//! One request and its answer on one connection: what is sent, what comes back, and what it means.

pub(crate) mod ajp;
pub(crate) mod http;
pub(crate) mod limits;
pub(crate) mod packet_log;
pub(crate) mod protocol;
pub(crate) mod pump;
pub(crate) mod response;
mod scratch;
mod silence;
pub(crate) mod switch;
mod turns;
mod upload;
