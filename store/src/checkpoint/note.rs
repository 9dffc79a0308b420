//! Store: a checkpoint, which is the root over the first events of a log in three lines of text, and the signed note that carries it. Pure.
//!
//! Sources: <https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>. A signature is Ed25519 (algorithm 1) over the text.

use super::tree::{Root, Tree};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The algorithm that is called Ed25519.
const ALGORITHM: u8 = 1;
/// What every line of a signature begins with.
const DASH: &str = "\u{2014} ";
/// More than any checkpoint has.
const BYTES_MAX: usize = 64 << 10;

/// The root over the first events of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, `rehome/ID`; see [`crate::Backend::id`].
    pub origin: String,
    /// How many events it is over.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Root,
}

/// Why a text is no checkpoint that can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not three lines, an empty one, and signatures.
    #[error("it is no signed checkpoint: three lines, an empty one, and the lines of its signatures")]
    Form,
    /// None of its signatures is by this key.
    #[error("it has no signature by this key")]
    Unsigned,
    /// A signature names this key, and is not by it.
    #[error("its signature is not by the key that it names: the text was changed, or the signature made up")]
    Forged,
    /// A key is not written as keys are.
    #[error("it is no key: NAME+HASH+BASE64")]
    Key,
}

impl Checkpoint {
    /// The root over all events of a tree, for the log of this name.
    pub fn of(log: &str, tree: &Tree) -> Self {
        let size = tree.size();
        Self::at(log, size, tree.root(size).unwrap_or_default())
    }

    /// The root over the first `size` events of the log of this name.
    pub fn at(log: &str, size: u64, root: Root) -> Self {
        Self { origin: Self::origin_of(log), size, root }
    }

    /// What the checkpoints of the log of this name are called.
    pub fn origin_of(log: &str) -> String {
        format!("rehome/{log}")
    }

    /// Whether it is of the log with this name.
    pub fn is_of(&self, log: &str) -> bool {
        self.origin.strip_prefix("rehome/") == Some(log)
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The three lines at the beginning of a note; whatever other programs wrote below them is signed too, and means nothing here.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let plain = size == "0" || !size.starts_with('0') && size.bytes().all(|b| b.is_ascii_digit());
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let size = size.parse().ok().filter(|_| plain)?;
        (!origin.is_empty()).then(|| Self { origin: origin.to_owned(), size, root })
    }

    /// Reads a note, and believes it where a signature is by this key.
    ///
    /// # Errors
    /// When it is no note, or none of its signatures is by the key.
    pub fn open(note: &[u8], key: &Verifier) -> Result<Self, NoteError> {
        let (text, signatures) = parts(note).ok_or(NoteError::Form)?;
        let checkpoint = Self::parse(text).ok_or(NoteError::Form)?;
        let mut found = NoteError::Unsigned;
        for line in signatures.lines() {
            let (name, signature) =
                line.strip_prefix(DASH).and_then(|l| l.split_once(' ')).ok_or(NoteError::Form)?;
            let signature = STANDARD.decode(signature).map_err(|_| NoteError::Form)?;
            let (id, signature) = signature.split_at_checked(4).ok_or(NoteError::Form)?;
            if name != key.name || id != key.id() {
                continue;
            }
            if UnparsedPublicKey::new(&ED25519, key.public).verify(text.as_bytes(), signature).is_ok() {
                return Ok(checkpoint);
            }
            found = NoteError::Forged;
        }
        Err(found)
    }

    /// What a note says, believed or not: its text without the signatures.
    pub fn text_of(note: &[u8]) -> Option<&str> {
        parts(note).map(|(text, _)| text)
    }

    /// Whether a text has the form of a note, believed or not.
    pub fn is_note(note: &[u8]) -> bool {
        parts(note).is_some_and(|(text, _)| Self::parse(text).is_some())
    }
}

/// The text with the end of its last line, and the lines of the signatures.
fn parts(note: &[u8]) -> Option<(&str, &str)> {
    let note = std::str::from_utf8(note).ok().filter(|note| note.len() <= BYTES_MAX)?;
    let at = note.rfind("\n\n")?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    let whole = signatures.ends_with('\n') && signatures.starts_with(DASH);
    (whole && !note.bytes().any(|b| b < b' ' && b != b'\n')).then_some((text, signatures))
}

/// Who signs the checkpoints of one log.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: Verifier,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer with this secret, 32 bytes that nobody can guess, for the log of this name.
    pub fn new(log: &str, seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { pair, verifier: Verifier { name: format!("rehome/{log}"), public } })
    }

    /// What its signatures are checked with.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// A signature of bytes that say what they are, as those of an envelope of DSSE do, which no checkpoint begins like.
    pub fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }

    /// The signed note of a checkpoint.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.pair.sign(text.as_bytes());
        let signature = STANDARD.encode([&self.verifier.id()[..], signature.as_ref()].concat());
        format!("{text}\n{DASH}{} {signature}\n", self.verifier.name)
    }
}

/// The public half of a signer's key. As text it is `NAME+HASH+BASE64`, as the signed note has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    public: [u8; 32],
}

impl Verifier {
    /// Reads a key as text.
    ///
    /// # Errors
    /// When it is not one, or its hash is of another.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.trim().split_once('+').ok_or(NoteError::Key)?;
        let (hash, key) = rest.split_once('+').ok_or(NoteError::Key)?;
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let public = match key.split_first() {
            Some((&ALGORITHM, public)) => public.try_into().map_err(|_| NoteError::Key)?,
            _ => return Err(NoteError::Key),
        };
        let plain = !name.is_empty() && !name.contains(char::is_whitespace);
        let key = Self { name: name.to_owned(), public };
        if plain && hash == key.hash() { Ok(key) } else { Err(NoteError::Key) }
    }

    fn id(&self) -> [u8; 4] {
        let sha =
            Sha256::new().chain_update(&self.name).chain_update([b'\n', ALGORITHM]).chain_update(self.public);
        let digest: [u8; 32] = sha.finalize().into();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    fn hash(&self) -> String {
        self.id().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ALGORITHM][..], &self.public].concat();
        write!(f, "{}+{}+{}", self.name, self.hash(), STANDARD.encode(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Digest;

    fn signed() -> (Signer, Checkpoint, String) {
        let mut tree = Tree::default();
        (0..5).for_each(|nth| tree.push(Digest([nth; 32])));
        let signer = Signer::new("log-7", &[3; 32]).expect("a key");
        let checkpoint = Checkpoint::of("log-7", &tree);
        let note = signer.sign(&checkpoint);
        (signer, checkpoint, note)
    }

    #[test]
    fn a_note_is_believed_by_whoever_has_the_key_as_text() {
        let (signer, checkpoint, note) = signed();
        let key = Verifier::parse(&signer.verifier().to_string()).expect("a key");
        assert_eq!(Checkpoint::open(note.as_bytes(), &key), Ok(checkpoint));
        assert_eq!(note.lines().count(), 5, "{note}");
    }

    #[test]
    fn a_note_with_any_other_byte_is_not_believed() {
        let (signer, _, note) = signed();
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let opened = Checkpoint::open(&bytes, signer.verifier());
            assert!(opened.is_err(), "byte {at}: {opened:?}");
        }
        let other = Signer::new("log-7", &[4; 32]).expect("a key");
        assert_eq!(Checkpoint::open(note.as_bytes(), other.verifier()), Err(NoteError::Unsigned));
        let cosigned = format!("{note}{}", other.sign(&signed().1).lines().last().expect("a line"));
        assert!(Checkpoint::open(format!("{cosigned}\n").as_bytes(), other.verifier()).is_ok());
    }

    #[test]
    fn a_key_of_which_a_letter_is_wrong_is_no_key() {
        let (signer, _, _) = signed();
        let key = signer.verifier().to_string();
        assert_eq!(Verifier::parse("rehome/log-7"), Err(NoteError::Key));
        let wrong = key.replacen("log-7", "log-8", 1);
        assert_eq!(Verifier::parse(&wrong), Err(NoteError::Key));
        assert!(!format!("{signer:?}").contains("pair"), "{signer:?}");
    }
}
