//! Fuzz target: ids, links, paths and tokens, where URLs are made of them.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::link(data));
