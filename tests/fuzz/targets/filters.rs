//! Fuzz target: filters, paths and query strings that the simulator is asked with.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_simulator::fuzz::texts(data));
