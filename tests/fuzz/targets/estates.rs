//! Fuzz target: files of the simulator: estates and faults.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_simulator::fuzz::files(data));
