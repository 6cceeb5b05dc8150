//! A connection that became a tunnel, on the client's side of httpd: its MPMs, TLS and HTTP/2, who ends it
//! and how, what it costs. The peers are scripted; a WebSocket is asked for, and what goes through is
//! nobody's business.

mod bytes;
mod ends;
mod limits;
mod site;
mod stops;
mod streams;
