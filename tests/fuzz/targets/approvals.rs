//! Fuzz target: what somebody hands in as an approval.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome_orchestrator::fuzz::approvals(data));
