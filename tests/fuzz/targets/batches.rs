//! Fuzz target: the batch file, as the command line reads it.
#![no_main]

#[path = "../../../cli/batch_file/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the rest is for the command line")]
mod batch_file;
#[path = "../../../cli/error.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod error;
#[path = "../../../cli/files.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod files;
#[path = "../../../cli/hint.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod hint;
#[path = "shared/hooks.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod hooks;
#[path = "../../../cli/nearest.rs"]
mod nearest;
#[path = "shared/witness.rs"]
#[expect(dead_code, reason = "the rest is for the command line")]
mod witness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // What stands behind a line of its own is the file of rows, in both notations.
    let (text, rows) = text.split_once("\n=====\n").unwrap_or((text, text));
    if let Ok(batch) = batch_file::read::parse("batch.toml", text, &|_, _| Ok(rows.to_owned())) {
        assert!((!batch.moves.is_empty() || batch.asks_for().is_some()) && batch.name.len() <= 64);
        for params in &batch.moves {
            assert!(!params.target.id().eq_ignore_ascii_case(&params.identity));
            assert!(params.soak_ms <= 366 * 86_400_000);
        }
    }
});
