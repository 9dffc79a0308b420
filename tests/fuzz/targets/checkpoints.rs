//! Fuzz target: signed ends of a log and their keys, and single events with their proofs, as somebody hands them in.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    rehome_store::fuzz::note(data);
    rehome_store::fuzz::proven(data);
});
