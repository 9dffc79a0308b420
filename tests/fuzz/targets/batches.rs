//! Fuzz target: the batch file, as the command line reads it.
#![no_main]

#[path = "../../../cli/error.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod error;
#[path = "../../../cli/files.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod files;
#[path = "../../../cli/hint.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod hint;
#[path = "../../../cli/manifest.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod manifest;
#[path = "../../../cli/nearest.rs"]
mod nearest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(manifest) = manifest::parse(text) {
        assert!(!manifest.moves.is_empty() && manifest.name.len() <= 64);
        for params in &manifest.moves {
            assert!(!params.target.id().eq_ignore_ascii_case(&params.identity));
            assert!(params.soak_ms <= 366 * 86_400_000);
        }
    }
});
