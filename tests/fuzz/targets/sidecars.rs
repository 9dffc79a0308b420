//! Fuzz target: the files that stand beside a log: its anchor, and who runs it.
#![no_main]

use rehome_store::{Anchor, LeaseError, LeaseHolder};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(anchor) = serde_json::from_slice::<Anchor>(data) {
        let text = serde_json::to_vec(&anchor).expect("it has text keys");
        assert_eq!(serde_json::from_slice::<Anchor>(&text).expect("it was written"), anchor);
    }
    if let Ok(holder) = serde_json::from_slice::<LeaseHolder>(data) {
        let held = LeaseError::Held { place: "log.db".to_owned(), holder: Some(holder), by: None };
        assert!(!held.to_string().contains(char::is_control), "a name may not steer the terminal");
    }
});
