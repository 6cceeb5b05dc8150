//! Bytes from a worker over HTTP/1.1: see `checks/http_response.rs`.
#![no_main]

#[path = "../checks/http_response.rs"]
mod http_response;

libfuzzer_sys::fuzz_target!(|input: &[u8]| http_response::check(input));
