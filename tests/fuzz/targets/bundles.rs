//! Fuzz target: a bundle, as whoever is handed one reads it; and, because a fuzzer will not guess a hash, the same with
//! every hash put right.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_orchestrator::fuzz::bundle(data));
