//! A request on its way to a worker, in HTTP/1.1: see `checks/http_request.rs`.
#![no_main]

#[path = "../checks/http_request.rs"]
mod http_request;

libfuzzer_sys::fuzz_target!(|input: &[u8]| http_request::check(input));
