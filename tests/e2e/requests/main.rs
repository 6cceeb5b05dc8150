//! The life of a request and its mapping, on a real httpd in front of scripted peers (contract §0,
//! §1, §3, §5.2…§5.5, §5.8). What mod_jk does too is asked of both modules with the same
//! expectation; what we do otherwise on purpose says so.

mod alias;
mod attributes;
mod authorization;
mod client_certificates;
mod environment;
mod extensions;
mod framing;
mod handler;
mod head;
mod http2;
mod input_filters;
mod ipv6;
mod lists;
mod lookups;
mod mount_file;
mod mounts;
mod ranges;
mod responses;
mod rules;
mod secrets;
mod subrequests;
mod tls;
mod tomcat;
mod tomcat_users;
mod trailers;
mod uris;
