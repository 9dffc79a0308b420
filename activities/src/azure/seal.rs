//! Azure: addresses of operations, sealed for the log. Pure but for the number that each seal has for itself.
//!
//! Who has the address of an operation may ask after it, and often more: it holds what its server signed. A run that
//! was killed asks on after a restart, so the address has to be in the log; there it is sealed with a key that is
//! beside the log and not in it. Where the key is gone, the thing itself is asked.

use crate::references::settings_key::SettingsKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use uuid::Uuid;

/// What a sealed address begins with. An address without it is from before addresses were sealed.
const SEALED: &str = "sealed:1:";

/// What the key is for.
const PURPOSE: &str = "addresses of operations";

/// Seals addresses, and opens what it sealed.
pub(super) struct Seal(LessSafeKey);

impl Seal {
    pub(super) fn new(key: &SettingsKey) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key.derived(PURPOSE)).expect("the key has 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// The address as it may stand in a log.
    pub(super) fn sealed(&self, address: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&Uuid::new_v4().as_bytes()[..NONCE_LEN]);
        let mut body = address.as_bytes().to_vec();
        let shut = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(shut, Aad::empty(), &mut body).expect("an address is short");
        format!("{SEALED}{}", URL_SAFE_NO_PAD.encode([&nonce[..], &body].concat()))
    }

    /// The address again; nothing where it was sealed with another key, or changed.
    pub(super) fn opened(&self, sealed: &str) -> Option<String> {
        let Some(body) = sealed.strip_prefix(SEALED) else { return Some(sealed.to_owned()) };
        let body = URL_SAFE_NO_PAD.decode(body).ok()?;
        let (nonce, body) = body.split_first_chunk::<NONCE_LEN>()?;
        let mut body = body.to_vec();
        let opened =
            self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut body).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

/// Whether an address is sealed.
pub(super) fn is_sealed(address: &str) -> bool {
    address.starts_with(SEALED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://management.azure.com/subscriptions/s/operations/o?api-version=1&t=1&c=MIIH&s=planted&h=planted";

    #[test]
    fn an_address_is_opened_with_its_key_only_and_shows_nothing() {
        let seal = Seal::new(&SettingsKey::new([7; 32]));
        let sealed = seal.sealed(ADDRESS);
        assert!(is_sealed(&sealed) && !sealed.contains("planted") && !sealed.contains("subscriptions"));
        assert_eq!(seal.opened(&sealed).as_deref(), Some(ADDRESS));
        assert_ne!(seal.sealed(ADDRESS), sealed, "each seal is another one");
        assert_eq!(Seal::new(&SettingsKey::new([8; 32])).opened(&sealed), None);
        for at in SEALED.len()..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.opened(std::str::from_utf8(&changed).expect("text")), None);
        }
        for broken in [SEALED, "sealed:1:AAAA", "sealed:1:\u{e9}"] {
            assert_eq!(seal.opened(broken), None, "{broken}");
        }
    }

    #[test]
    fn an_address_of_an_older_log_is_read_as_it_is() {
        let seal = Seal::new(&SettingsKey::new([7; 32]));
        assert!(!is_sealed(ADDRESS));
        assert_eq!(seal.opened(ADDRESS).as_deref(), Some(ADDRESS));
    }
}
