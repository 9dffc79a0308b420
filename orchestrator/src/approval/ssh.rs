//! Engine: signatures in OpenSSH's own format (SSHSIG), as `ssh-keygen -Y sign` writes them, by Ed25519 keys. Pure.
//!
//! Source: openssh-portable, PROTOCOL.sshsig (the format), PROTOCOL.u2f (keys that a security key holds).

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};

pub(super) const MAGIC: &[u8] = b"SSHSIG";
pub(super) const VERSION: u32 = 1;
pub(super) const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
pub(super) const END: &str = "-----END SSH SIGNATURE-----";

/// A signature in its text is far shorter.
const TEXT_MAX: usize = 16 << 10;

pub(super) const ED25519_NAME: &str = "ssh-ed25519";
pub(super) const SECURITY_KEY_NAME: &str = "sk-ssh-ed25519@openssh.com";

/// What a security key says beside a signature: somebody touched it.
pub(super) const TOUCHED: u8 = 1;

/// Why a signature is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The text is not what `ssh-keygen -Y sign` writes.
    #[error("it is no signature in the format of OpenSSH")]
    Unreadable,
    /// The key is of another sort.
    #[error("it is made with a key that is not Ed25519")]
    Key,
    /// It was made for something else.
    #[error("it was made for {0:?}")]
    Namespace(String),
    /// It is not of these bytes by this key.
    #[error("it is not of this text, or not by the key that it names")]
    Wrong,
}

/// An Ed25519 public key of OpenSSH, in a file or on a security key; as text it is the line of its file without comment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(pub(super) Vec<u8>);

/// The parts of a key.
enum Parts<'a> {
    File { point: &'a [u8] },
    SecurityKey { point: &'a [u8], application: &'a [u8] },
}

/// Bytes that are taken one field after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let count = self.number()?;
        self.bytes(usize::try_from(count).ok()?)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

pub(super) fn put(out: &mut Vec<u8>, text: &[u8]) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(text);
}

fn parts(blob: &[u8]) -> Option<Parts<'_>> {
    let mut fields = Fields(blob);
    let (name, point) = (fields.text()?, fields.text()?);
    let parts = if name == ED25519_NAME.as_bytes() {
        Parts::File { point }
    } else if name == SECURITY_KEY_NAME.as_bytes() {
        Parts::SecurityKey { point, application: fields.text()? }
    } else {
        return None;
    };
    fields.end()?;
    (point.len() == 32).then_some(parts)
}

impl PublicKey {
    /// Reads the line of a public key file; a comment behind it is left out. Nothing where it is no Ed25519 key.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (name, encoded) = (words.next()?, words.next()?);
        let key = Self::of(&BASE64_STANDARD.decode(encoded).ok()?)?;
        (key.name() == name).then_some(key)
    }

    pub(super) fn of(blob: &[u8]) -> Option<Self> {
        parts(blob).map(|_| Self(blob.to_vec()))
    }

    pub(super) fn name(&self) -> &'static str {
        match parts(&self.0) {
            Some(Parts::SecurityKey { .. }) => SECURITY_KEY_NAME,
            Some(Parts::File { .. }) | None => ED25519_NAME,
        }
    }

    /// What `ssh-keygen -l` calls it: `SHA256:...`.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(&self.0)))
    }

    /// Whether these bytes were signed by it.
    fn signed(&self, bytes: &[u8], signature: &[u8]) -> Option<()> {
        let mut fields = Fields(signature);
        let is_own = fields.text()? == self.name().as_bytes();
        let signature = fields.text()?;
        let (point, message) = match parts(&self.0)? {
            Parts::File { point } => (point, bytes.to_vec()),
            Parts::SecurityKey { point, application } => {
                let (flags, counter) = (fields.bytes(1)?, fields.bytes(4)?);
                if flags[0] & TOUCHED == 0 {
                    return None;
                }
                let (of, hashed) = (Sha256::digest(application), Sha256::digest(bytes));
                (point, [&of[..], flags, counter, &hashed[..]].concat())
            }
        };
        fields.end()?;
        let is_good = UnparsedPublicKey::new(&ED25519, point).verify(&message, signature).is_ok();
        (is_own && is_good).then_some(())
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        format!("{} {}", key.name(), BASE64_STANDARD.encode(&key.0))
    }
}

impl TryFrom<String> for PublicKey {
    type Error = &'static str;

    fn try_from(line: String) -> Result<Self, Self::Error> {
        Self::parse(&line).ok_or("it is no Ed25519 public key of OpenSSH")
    }
}

/// The key that signed these bytes for this namespace: what `ssh-keygen -Y check-novalidate` checks too.
///
/// # Errors
/// When the signature is none, is of something else, or was made for something else.
pub fn verify_signature(signature: &str, namespace: &str, bytes: &[u8]) -> Result<PublicKey, SignatureError> {
    let blob = bare(signature).ok_or(SignatureError::Unreadable)?;
    let Envelope { key, of, reserved, hash, signature } =
        Envelope::read(&blob).ok_or(SignatureError::Unreadable)?;
    let key = PublicKey::of(key).ok_or(SignatureError::Key)?;
    if of != namespace.as_bytes() {
        return Err(SignatureError::Namespace(String::from_utf8_lossy(of).into_owned()));
    }
    let hashed = match hash {
        b"sha512" => Sha512::digest(bytes).to_vec(),
        b"sha256" => Sha256::digest(bytes).to_vec(),
        _ => return Err(SignatureError::Unreadable),
    };
    let mut signed = MAGIC.to_vec();
    [of, reserved, hash, &hashed].into_iter().for_each(|field| put(&mut signed, field));
    key.signed(&signed, signature).ok_or(SignatureError::Wrong)?;
    Ok(key)
}

/// What a signature says beside being one.
struct Envelope<'a> {
    key: &'a [u8],
    of: &'a [u8],
    reserved: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(blob: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(blob.strip_prefix(MAGIC)?);
        if fields.number()? != VERSION {
            return None;
        }
        let (key, of, reserved) = (fields.text()?, fields.text()?, fields.text()?);
        let (hash, signature) = (fields.text()?, fields.text()?);
        fields.end()?;
        Some(Self { key, of, reserved, hash, signature })
    }
}

/// The bytes between the lines that say what it is.
fn bare(text: &str) -> Option<Vec<u8>> {
    let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    if text.len() > TEXT_MAX {
        return None;
    }
    let encoded: String = inner.split_ascii_whitespace().collect();
    BASE64_STANDARD.decode(encoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::testing::Signer;

    #[test]
    fn a_signature_is_of_its_bytes_its_key_and_its_namespace_and_of_nothing_else() {
        for application in [None, Some("ssh:")] {
            let signer = Signer::new(7).held_by(application);
            let signature = signer.sign("here", b"a text");
            assert_eq!(verify_signature(&signature, "here", b"a text"), Ok(signer.key()));
            assert_eq!(verify_signature(&signature, "here", b"a test"), Err(SignatureError::Wrong));
            let elsewhere = SignatureError::Namespace("here".to_owned());
            assert_eq!(verify_signature(&signature, "there", b"a text"), Err(elsewhere));
            let line = String::from(signer.key());
            assert_eq!(PublicKey::parse(&format!("{line} ada@contoso")), Some(signer.key()));
            // No bit of it can be another one.
            let blob = bare(&signature).expect("it is one");
            for at in 0..blob.len() * 8 {
                let mut other = blob.clone();
                other[at / 8] ^= 1 << (at % 8);
                let text = format!("{BEGIN}\n{}\n{END}", BASE64_STANDARD.encode(&other));
                let found = verify_signature(&text, "here", b"a text");
                assert!(found.is_err(), "bit {at}: {found:?}");
            }
            for length in 0..blob.len() {
                let text = format!("{BEGIN}\n{}\n{END}", BASE64_STANDARD.encode(&blob[..length]));
                assert!(verify_signature(&text, "here", b"a text").is_err(), "{length} bytes of it");
            }
        }
    }

    /// `ssh-keygen -Y verify` (OpenSSH 9.2) calls it good; made by hand of the seed 7, 7, 7 ...
    const ON_A_SECURITY_KEY: &str = "-----BEGIN SSH SIGNATURE-----\n\
        U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg6kpsY+\n\
        KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iwAAAAEc3NoOgAAAA9hcHByb3ZhbEByZWhv\n\
        bWUAAAAAAAAABnNoYTUxMgAAAGcAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAA\n\
        BAnugeghmRUmOKzffW4i85Xt41GEPStJ2SAHdsVn5WknH3r24PkBZh24gY/SjGGNVKwud6\n\
        xskuIdeZbq82kG+iBAEAAAAH\n\
        -----END SSH SIGNATURE-----\n";

    #[test]
    fn a_signature_of_a_security_key_is_one_as_for_openssh() {
        let key = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIsAAAABHNzaDo=";
        let found = verify_signature(ON_A_SECURITY_KEY, "approval@rehome", b"an approval");
        assert_eq!(found, Ok(PublicKey::parse(key).expect("a key")));
        assert_eq!(
            found.map(|key| key.fingerprint()),
            Ok("SHA256:u3XYI8FD0iAKicuev894GMPS487mPAsIuB8xtsnAOWA".to_owned())
        );
        assert_eq!(
            Signer::new(7)
                .held_by(Some("ssh:"))
                .sign("approval@rehome", b"an approval")
                .split_whitespace()
                .collect::<String>(),
            ON_A_SECURITY_KEY.split_whitespace().collect::<String>()
        );
    }

    #[test]
    fn a_security_key_that_nobody_touched_signs_nothing() {
        let signer = Signer::new(7).held_by(Some("ssh:"));
        let signature = signer.sign_touched("here", b"a text", 0);
        assert_eq!(verify_signature(&signature, "here", b"a text"), Err(SignatureError::Wrong));
    }

    #[test]
    fn keys_of_another_sort_are_none() {
        let point = BASE64_STANDARD.encode(b"\0\0\0\x07ssh-rsa\0\0\0\x01x");
        for line in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            &format!("ssh-rsa {point}"),
            &format!("ssh-ed25519 {point}"),
            &format!("sk-ssh-ed25519@openssh.com {}", &String::from(Signer::new(1).key())[12..]),
            &format!("no-pty {}", String::from(Signer::new(1).key())),
        ] {
            assert_eq!(PublicKey::parse(line), None, "{line}");
        }
    }
}
