//! TLS with workers of this process, whose certificates are made here.

mod handshake;
mod rig;
