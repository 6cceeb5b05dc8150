//! The two properties files: see `checks/properties.rs`.
#![no_main]

#[path = "../checks/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::check(input));
