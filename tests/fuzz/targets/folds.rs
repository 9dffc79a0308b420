//! Fuzz target: events in any order, at any time, folded and decided upon.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_orchestrator::fuzz::tale(data));
