//! A request's path: see `checks/uri.rs`.
#![no_main]

#[path = "../checks/uri.rs"]
mod uri;

libfuzzer_sys::fuzz_target!(|input: &[u8]| uri::check(input));
