//! Fuzz target: issuers and subjects of federated credentials.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_activities::fuzz::subjects(data));
