//! Fuzz target: the plan file, as the command line reads it; and, because a fuzzer will not guess a digest, any
//! document without one.
#![no_main]

include!("shared/plan_file.rs");

use rehome_orchestrator::{Document, fuzz};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok((document, digest)) = plan_file::parse(data) {
        assert_eq!(document.digest(), digest);
        fuzz::document(&document);
    }
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    value.as_object_mut().map(|members| members.remove("digest"));
    if let Ok(document) = serde_json::from_value::<Document>(value) {
        fuzz::document(&document);
    }
});
