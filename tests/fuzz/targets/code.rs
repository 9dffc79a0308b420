//! Fuzz target: a file of a team's code, and a CODEOWNERS.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::code(data));
