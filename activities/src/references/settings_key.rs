//! Activities: what may be known of an application setting: its name, and a mark of its value. Pure.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key of the marks. It stays outside the log, so a mark cannot be tried against guessed values.
#[derive(Clone)]
pub struct SettingsKey([u8; 32]);

impl SettingsKey {
    /// A key; the caller keeps it secret and in a place of its own.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The mark of one value: HMAC-SHA-256 over the lengths and texts of site, name and value, in hex.
    pub fn mark(&self, site: &str, name: &str, value: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in [site.to_ascii_lowercase().as_str(), name, value] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl SettingsKey {
    /// A key of its own for another purpose: whoever has that cannot make marks.
    pub(crate) fn derived(&self, purpose: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"rehome key for ");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for SettingsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SettingsKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_values_apart_and_shows_neither_value_nor_key() {
        let key = SettingsKey::new([7; 32]);
        let mark = key.mark("/Sites/a", "N", "planted-secret");
        assert_eq!(mark, key.mark("/sites/A", "N", "planted-secret"));
        assert_ne!(mark, key.mark("/sites/a", "N", "planted-secret2"));
        assert_ne!(mark, key.mark("/sites/aN", "", "planted-secret"));
        assert_ne!(mark, SettingsKey::new([8; 32]).mark("/sites/a", "N", "planted-secret"));
        assert_eq!(mark.len(), 64);
        assert_eq!(format!("{key:?}"), "SettingsKey(..)");
    }
}
