//! The ways to a Tomcat: AJP and HTTP, over TCP and unix sockets, and HTTP over TLS.

mod answers;
mod bad_peers;
mod bodies;
mod examples;
mod exchanges;
mod facts;
mod kept;
mod members;
mod mpm;
mod paths;
mod requests;
mod settings;
mod smuggling;
mod stage;
mod turns;
mod websocket;
mod wrong_port;
