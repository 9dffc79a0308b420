//! Fuzz target: texts from outside in scripts for databases.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::scripts(data));
