//! Fuzz target: texts from outside as words of a shell.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::words(data));
