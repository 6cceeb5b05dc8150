//! Safe views of httpd and APR, and the guard at their border.

pub(crate) mod about;
pub(crate) mod answer;
pub(crate) mod apr;
pub(crate) mod connection;
pub(crate) mod error_log;
pub(crate) mod file_type;
pub(crate) mod guard;
pub(crate) mod purpose;
pub(crate) mod request;
#[cfg(feature = "tls")]
pub(crate) mod resumption;
pub(crate) mod signals;
#[cfg(feature = "policy")]
pub(crate) mod stack;
pub(crate) mod sys;
pub(crate) mod texts;
