//! References: the words in which a resource says that somebody is at work on it. Pure.
//!
//! Providers have words of their own (`Provisioning`, `Scaling`, `ResolvingDNS`, `Linking`): what they share is their
//! form. Source: the `provisioningState` of the published descriptions of all types.

/// Words for work under way that do not end as the others do.
const OTHERS: [&str; 6] = ["accepted", "inprogress", "queued", "scheduled", "started", "resolvingdns"];

/// Whether a state says that a write is under way.
pub fn is_busy(state: &str) -> bool {
    let state = state.trim().to_ascii_lowercase().replace(['_', '-', ' '], "");
    state.ends_with("ing") || OTHERS.contains(&state.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_for_work_under_way_is_known_and_none_for_an_end() {
        for word in [
            "Provisioning",
            "updating",
            "In Progress",
            "Accepted",
            "ResolvingDNS",
            "Scaling",
            "Running",
            "Pending",
        ] {
            assert!(is_busy(word), "{word}");
        }
        for word in ["Succeeded", "Failed", "Canceled", "Ready", "Active", "Stopped", ""] {
            assert!(!is_busy(word), "{word}");
        }
    }
}
