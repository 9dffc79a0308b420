//! Fuzz target: resources that are re-pointed, there and back.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::rewrites(data));
