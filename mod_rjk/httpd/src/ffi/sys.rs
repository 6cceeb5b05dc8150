//! The bindings to httpd and APR, made by `build.rs` from the installed headers.
#![allow(
    missing_docs,
    dead_code,
    unnecessary_transmutes,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unsafe_op_in_unsafe_fn,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::too_many_lines
)]
include!(concat!(env!("OUT_DIR"), "/httpd.rs"));
