//! Fuzz target: texts in which identities are named, there and back.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::references(data));
