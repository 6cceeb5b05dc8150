//! TLS with workers of this process, whose certificates are made here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod files;
mod handshake;
mod records;
#[path = "../../../httpd/src/ffi/resumption.rs"]
mod resumption;
mod rig;
mod sessions;
mod stream;
