//! Fuzz target: queries of Resource Graph.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_simulator::fuzz::queries(data));
