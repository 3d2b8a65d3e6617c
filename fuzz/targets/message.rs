//! Fuzz target `message`; what must hold stands in the harness.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::fuzz::message(bytes));
