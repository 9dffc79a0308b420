//! Fuzz target: exports of Azure's own logs, as the command line reads them.
#![no_main]

#[path = "../../../cli/azure_logs/export.rs"]
mod export;

use export::{Export, Keeper};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for keeper in [Keeper::Resources, Keeper::Directory] {
        match Export::read(keeper, data) {
            Ok(read) => {
                assert_eq!(read.keeper, keeper);
                for entry in &read.entries {
                    // What is matched is matched in any case, and nothing empty matches everything.
                    assert!(entry.ids.iter().chain(&entry.who).all(|text| !text.is_empty()));
                    assert!(
                        entry.ids.iter().chain(&entry.who).all(|text| *text == text.to_ascii_lowercase())
                    );
                    assert!(entry.subscription == entry.subscription.to_ascii_lowercase());
                    assert!(entry.group.as_deref() != Some(""));
                    assert!(keeper == Keeper::Resources || entry.subscription.is_empty());
                }
                let again = Export::read(keeper, &[b"\xef\xbb\xbf", data].concat());
                assert!(
                    data.starts_with(b"\xef\xbb\xbf") || again.as_ref() == Ok(&read),
                    "a mark before it changes nothing"
                );
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
});
