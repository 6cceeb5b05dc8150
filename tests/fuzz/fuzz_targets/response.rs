//! Packets from a backend: see `checks/response.rs`.
#![no_main]

#[path = "../checks/response.rs"]
mod response;

libfuzzer_sys::fuzz_target!(|input: &[u8]| response::check(input));
