//! CLI: the signature of a webhook's message, as Standard Webhooks has it. Pure.
//!
//! Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key in its text form begins so; what follows is base64.
const PREFIX: &str = "whsec_";

/// A key has at least this many bytes.
const BYTES_MIN: usize = 24;

/// The key of a webhook. It is never shown.
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// Reads a key: base64 behind `whsec_`, or else its bytes as they are.
    ///
    /// # Errors
    /// In words, which say nothing of the key.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bytes = match text.strip_prefix(PREFIX) {
            None => text.as_bytes().to_vec(),
            Some(coded) => STANDARD.decode(coded).map_err(|_| format!("it is not base64 behind {PREFIX}"))?,
        };
        match bytes.len() {
            BYTES_MIN.. => Ok(Self(bytes)),
            _ => Err(format!("it has fewer than {BYTES_MIN} bytes")),
        }
    }

    /// The value of `webhook-signature`; `at_s` is the value of `webhook-timestamp`.
    pub(crate) fn sign(&self, id: &str, at_s: i64, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{at_s}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_standard_signs_its_example() {
        // Source: the tests of the reference libraries.
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_key_that_is_short_or_torn_is_none() {
        for text in ["", "short", "whsec_", "whsec_?", "whsec_AAAA"] {
            assert!(Secret::read(text).is_err(), "{text}");
        }
        assert!(Secret::read("0123456789abcdef01234567\n").is_ok());
    }
}
