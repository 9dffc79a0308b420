//! Engine, tests: keys that sign as `ssh-keygen -Y sign` does.

use crate::approval::ssh::{
    BEGIN, ED25519_NAME, END, MAGIC, PublicKey, SECURITY_KEY_NAME, TOUCHED, VERSION, put,
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256, Sha512};

/// A key that is made from a number.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    /// What a security key calls itself, where it is on one.
    application: Option<&'static str>,
}

impl Signer {
    pub(crate) fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes");
        Self { pair, application: None }
    }

    /// The same on a security key, which calls itself so; in a file where it does not.
    pub(super) fn held_by(self, application: Option<&'static str>) -> Self {
        Self { application, ..self }
    }

    pub(crate) fn key(&self) -> PublicKey {
        let (mut blob, point) = (Vec::new(), self.pair.public_key().as_ref());
        let name = if self.application.is_some() { SECURITY_KEY_NAME } else { ED25519_NAME };
        [name.as_bytes(), point].into_iter().for_each(|field| put(&mut blob, field));
        self.application.into_iter().for_each(|named| put(&mut blob, named.as_bytes()));
        PublicKey::of(&blob).expect("a key")
    }

    /// What `ssh-keygen -Y sign` would write.
    pub(crate) fn sign(&self, namespace: &str, bytes: &[u8]) -> String {
        self.sign_touched(namespace, bytes, TOUCHED)
    }

    pub(super) fn sign_touched(&self, namespace: &str, bytes: &[u8], flags: u8) -> String {
        let (mut signed, mut made, mut blob) = (MAGIC.to_vec(), Vec::new(), MAGIC.to_vec());
        let hashed = Sha512::digest(bytes);
        let fields = [namespace.as_bytes(), b"", b"sha512", &hashed];
        fields.into_iter().for_each(|field| put(&mut signed, field));
        put(&mut made, self.key().name().as_bytes());
        match self.application {
            None => put(&mut made, self.pair.sign(&signed).as_ref()),
            Some(named) => {
                let (of, tail) = (Sha256::digest(named), [flags, 0, 0, 0, 7]);
                let message = [&of[..], &tail, &Sha256::digest(&signed)].concat();
                put(&mut made, self.pair.sign(&message).as_ref());
                made.extend(tail);
            }
        }
        blob.extend(VERSION.to_be_bytes());
        let fields = [&self.key().0[..], namespace.as_bytes(), b"", b"sha512", &made];
        fields.into_iter().for_each(|field| put(&mut blob, field));
        format!("{BEGIN}\n{}\n{END}\n", BASE64_STANDARD.encode(blob))
    }
}
