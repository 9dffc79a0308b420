//! Fuzz target: answers with their headers, to a write and to a poll.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::answer(data));
