//! Store: the lines of a bundle, one event in each. Pure.

use crate::heads::{BODY_BYTES_MAX, well_formed};
use crate::record::{Digest, Position, Record, Sequence, Stored, StreamId, Why, Withheld};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;

/// The longest line: the longest body with every byte in it as two, and room for the names.
pub(super) const LINE_BYTES_MAX: usize = 2 * BODY_BYTES_MAX + (64 << 10);

/// What is wrong with a line is said in at most so many characters: it may quote what is there.
const SAID_CHARACTERS_MAX: usize = 200;

/// Bytes as lower-case hex.
struct Hex<T>(T);

impl<T: AsRef<[u8]>> Serialize for Hex<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(2 * self.0.as_ref().len());
        for byte in self.0.as_ref() {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from(DIGITS[usize::from(nibble)]));
            }
        }
        serializer.serialize_str(&text)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

impl<'de, T: TryFrom<Vec<u8>>> Deserialize<'de> for Hex<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = unhex(&text).and_then(|bytes| T::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| D::Error::custom("lower-case hex of the right length is wanted"))
    }
}

/// See the table in `bundle/mod.rs`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    position: u64,
    sequence: u64,
    stream: Cow<'a, str>,
    kind: Cow<'a, str>,
    version: u16,
    at_ms: i64,
    actor: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<Hex<[u8; 16]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_hex: Option<Hex<Vec<u8>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Why>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Hex<[u8; 32]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<Cow<'a, str>>,
    hash: Hex<[u8; 32]>,
}

/// The body as text, where a line of text holds it in twice its length.
fn plain(body: &[u8]) -> Option<&str> {
    let doubled = |byte: &u8| *byte >= 0x20 || matches!(byte, 8 | 9 | 10 | 12 | 13);
    std::str::from_utf8(body).ok().filter(|text| text.as_bytes().iter().all(doubled))
}

/// Writes an event; what is withheld of it is not written.
pub(crate) fn write(event: &Stored, to: &mut impl std::io::Write) -> std::io::Result<()> {
    let record = &event.record;
    let text = plain(&record.body).map(Cow::Borrowed);
    let mut line = Line {
        position: event.position.0,
        sequence: event.sequence.0,
        stream: record.stream.as_str().into(),
        kind: (&*record.kind).into(),
        version: record.version,
        at_ms: record.at_ms,
        actor: (&*record.actor).into(),
        salt: None,
        body: None,
        body_hex: None,
        withheld: event.withheld.map(|w| w.why),
        digest: event.withheld.map(|w| Hex(w.digest.0)),
        told: None,
        hash: Hex(event.hash.0),
    };
    match event.withheld.map(|w| w.why) {
        None => {
            line.salt = Some(Hex(event.salt));
            line.body_hex = text.is_none().then(|| Hex(record.body.clone()));
            line.body = text;
        }
        Some(Why::Masked) => line.told = Some(String::from_utf8_lossy(&record.body)),
        Some(Why::NotSelected | Why::Redacted) => {}
    }
    serde_json::to_writer(&mut *to, &line)?;
    to.write_all(b"\n")
}

/// Reads an event; says what is wrong with the line otherwise.
pub(crate) fn read(line: &[u8]) -> Result<Stored, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|e| said(&e.to_string()))?;
    let (salt, body, withheld) = match line {
        Line { salt: Some(Hex(salt)), body, body_hex, withheld: None, digest: None, told: None, .. } => {
            let body = match (body, body_hex) {
                (Some(body), None) => body.into_owned().into_bytes(),
                (None, Some(Hex(body))) => body,
                _ => return Err("one of body and body_hex is wanted".to_owned()),
            };
            (salt, body, None)
        }
        Line {
            salt: None, body: None, body_hex: None, withheld: Some(why), digest: Some(d), told, ..
        } => {
            if told.is_some() != (why == Why::Masked) {
                return Err("told is there where a credential is withheld, and nowhere else".to_owned());
            }
            let told = told.map(|told| told.into_owned().into_bytes()).unwrap_or_default();
            ([0; 16], told, Some(Withheld { why, digest: Digest(d.0) }))
        }
        _ => return Err("it has neither salt and body nor withheld and digest, or some of both".to_owned()),
    };
    let record = Record {
        stream: StreamId::new(line.stream),
        kind: Cow::Owned(line.kind.into_owned()),
        version: line.version,
        at_ms: line.at_ms,
        actor: line.actor.into(),
        body,
    };
    well_formed(&record).map_err(|e| said(&e.to_string()))?;
    let (position, sequence) = (Position(line.position), Sequence(line.sequence));
    Ok(Stored { position, sequence, record, salt, hash: Digest(line.hash.0), withheld })
}

/// What a parser says, which may quote a line of any length.
pub(super) fn said(text: &str) -> String {
    text.chars().take(SAID_CHARACTERS_MAX).collect()
}
