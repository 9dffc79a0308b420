//! Fuzz target: rows of a log as bodies of events, and what follows from them.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_orchestrator::fuzz::rows(data));
