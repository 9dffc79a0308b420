//! Fuzz target: bodies of Resource Manager and Graph, through every reader of the survey.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::resource(data));
