//! Fuzz target: requests to the simulator, a few in a row.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_simulator::fuzz::requests(data));
