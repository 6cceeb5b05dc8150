//! The testbed: real httpd, real Tomcat and scripted peers (AJP and HTTP) on loopback.
//!
//! Everything a test starts lives in its own temporary directory, listens on 127.0.0.1 only, and is
//! gone when the test ends, also when the test binary itself is killed (see [`guard`]). A test
//! starts a backend ([`tomcat::Tomcat`], [`peer::Peer`] or [`http_peer::HttpPeer`]), a web server in front of it
//! ([`httpd::Httpd`]) with either module loaded ([`Subject`]), and talks to it with [`client`].

#![forbid(unsafe_code)]

mod both;
pub mod c_module;
pub mod client;
pub mod cost;
pub mod digest;
pub mod document;
pub mod farm;
pub mod filters;
pub mod gate;
pub mod guard;
pub mod h2;
pub mod how_to;
pub mod http_peer;
pub mod httpd;
pub mod java;
pub mod module;
pub mod no_exec;
pub mod page;
pub mod parity;
pub mod peer;
pub mod policies;
pub mod ports;
mod preload;
pub mod process;
pub mod rjk;
pub mod rows;
pub mod status_page;
pub mod strangers;
pub mod table;
pub mod tempdir;
pub mod terminal;
pub mod tls;
pub mod tomcat;
pub mod wait;
pub mod wall_clock;
pub mod way;
pub mod websocket;
pub mod wide_guard;

pub use anyhow::{Context, Error, bail, ensure};
pub use farm::{Farm, Plan};
pub use gate::Gate;
pub use http_peer::HttpPeer;
pub use httpd::Httpd;
pub use module::Subject;
pub use peer::Peer;
pub use status_page::StatusPage;
pub use table::Table;
pub use tomcat::{Cluster, Tomcat, Version};
pub use way::Way;
pub use websocket::WebSocket;

/// What the testbed's functions and the tests return.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;
