//! Store: what must hold for any bytes that are taken for a bundle, a signed note or a proof; `tests/fuzz` looks for some where it does not. Pure.

use crate::anchor::Anchor;
use crate::bundle::{BUNDLE_FORMAT, BundleLog, Header, read_line, write_line};
use crate::chain::event_hash;
use crate::checkpoint::{Checkpoint, Proven, Signer, Verifier};
use crate::log::{BoxFuture, Head, Log};
use crate::record::{Digest, Position, Sequence, StreamId};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::task::{Context, Poll, Waker};

/// What a damaged bundle is refused with may quote it, and does not go on for ever.
const SAID_BYTES_MAX: usize = 2_000;

/// Bytes as a bundle: every order that a log is read in has the same events, and each is written as it was read.
/// Gives the log, if it is one.
pub fn bundle(data: &[u8]) -> Option<BundleLog> {
    let log = match BundleLog::read(Cursor::new(data.to_vec()), |_| None) {
        Ok(log) => log,
        Err(e) => {
            assert!(e.to_string().len() < SAID_BYTES_MAX);
            return None;
        }
    };
    let all = at_once(log.read_all(Position(0), usize::MAX));
    assert_eq!(all.len() as u64, log.header().head.position);
    assert!((1..).zip(&all).all(|(n, e)| e.position.0 == n));
    let mut seen = 0;
    for (stream, head) in at_once(log.streams("")) {
        let events = at_once(log.read_stream(&stream, Sequence(0), usize::MAX));
        assert_eq!(events.len() as u64, head.0);
        assert!((1..).zip(&events).all(|(n, e)| e.sequence.0 == n && e.record.stream == stream));
        assert!(events.iter().all(|e| all[e.position.0 as usize - 1] == *e));
        seen += events.len();
    }
    assert_eq!(seen, all.len());
    for event in &all {
        let mut line = Vec::new();
        write_line(event, &mut line).expect("memory takes everything");
        assert_eq!(read_line(&line).as_ref(), Ok(event));
        let tells = event.withheld_reason().is_none();
        assert!(tells || event.record.body.is_empty(), "what is withheld is not there");
        assert!(event.withheld.is_none() || event.salt == [0; 16], "nor its salt");
    }
    Some(log)
}

/// Bytes as a signed note, and as a key: what was not signed with a key is not believed, and what is read means the same again.
pub fn note(data: &[u8]) {
    let signer = Signer::new("log", &[7; 32]).expect("a key");
    match Checkpoint::open(data, signer.verifier()) {
        Ok(opened) => {
            let (text, own) = (Checkpoint::text_of(data).expect("it is a note"), signer.sign(&opened));
            let own = Checkpoint::text_of(own.as_bytes()).expect("it is a note");
            assert!(text.starts_with(own), "it is of what its first lines say");
        }
        Err(e) => assert!(e.to_string().len() < SAID_BYTES_MAX),
    }
    if let Some(key) = std::str::from_utf8(data).ok().and_then(|text| Verifier::parse(text).ok()) {
        assert_eq!(Verifier::parse(&key.to_string()), Ok(key));
    }
}

/// Bytes as single events with their proofs: each means the same when it is written again, and none is in a tree of nothing.
pub fn proven(data: &[u8]) {
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        match Proven::read(line) {
            Ok(proven) => {
                let mut written = Vec::new();
                proven.write(&mut written).expect("memory takes everything");
                assert_eq!(Proven::read(&written).as_ref(), Ok(&proven));
                assert!(!proven.is_in(0, [0; 32]) && !proven.is_in(u64::MAX, [0; 32]));
            }
            Err(e) => assert!(e.len() < SAID_BYTES_MAX),
        }
    }
}

/// The same bytes with every place and hash put right, because nobody guesses a hash: lines that are no events
/// are left out.
pub fn mended(data: &[u8]) -> Vec<u8> {
    let mut lines = data.split_inclusive(|byte| *byte == b'\n');
    let header: Option<Header> = lines.next().and_then(|line| serde_json::from_slice(line).ok());
    let (mut head, mut events) = (Head { position: Position(0), hash: Digest::ZERO }, Vec::new());
    let mut streams: BTreeMap<StreamId, Sequence> = BTreeMap::new();
    for mut event in lines.filter_map(|line| read_line(line).ok()) {
        let sequence = streams.entry(event.record.stream.clone()).or_default();
        sequence.0 += 1;
        (event.position, event.sequence) = (Position(head.position.0 + 1), *sequence);
        event.hash = event_hash(head.hash, &event);
        head = Head { position: event.position, hash: event.hash };
        write_line(&event, &mut events).expect("memory takes everything");
    }
    let selected = header.as_ref().and_then(|header| header.selected.clone());
    let (program, head) = (header.map(|header| header.program).unwrap_or_default(), Anchor::of("log", head));
    let header = Header { rehome_bundle: BUNDLE_FORMAT, program, head, anchor: None, selected };
    let mut bytes = serde_json::to_vec(&header).expect("it has text keys");
    bytes.push(b'\n');
    bytes.extend(events);
    bytes
}

/// What is in memory is answered at once.
fn at_once<T>(mut later: BoxFuture<'_, Result<T, crate::ReadError>>) -> T {
    match later.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer.expect("it was read before"),
        Poll::Pending => panic!("nothing is waited for"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str =
        r#"{"position":1,"sequence":1,"stream":"a","kind":"k","version":1,"at_ms":-1,"actor":"b","#;

    /// A header that needs mending, and these events.
    fn lines(events: &[&str]) -> String {
        let hash = "0".repeat(64);
        let header = format!(
            r#"{{"rehome_bundle":1,"program":"","head":{{"log":"log","position":1,"hash":"{hash}"}},"anchor":null,"selected":null}}"#
        );
        let event = |rest: &&str| format!("{EVENT}{},\"hash\":\"{hash}\"}}\n", rest.replace('0', &hash));
        format!("{header}\n{}", events.iter().map(event).collect::<String>())
    }

    #[test]
    fn what_is_mended_is_a_bundle_and_what_is_not_is_refused() {
        let salt = r#""salt":"11111111111111111111111111111111""#;
        let text = lines(&[
            &format!(r#"{salt},"body":"x\u0001\"""#),
            &format!(r#"{salt},"body_hex":"ff""#),
            r#""withheld":"redacted","digest":"0""#,
            r#""withheld":"masked","digest":"0","told":"\u0001""#,
        ]);
        assert!(bundle(text.as_bytes()).is_none(), "no hash is right");
        let log = bundle(&mended(text.as_bytes())).expect("mended");
        assert_eq!(log.header().head.position, 4);
        for end in 0..text.len() {
            drop(bundle(&text.as_bytes()[..end]));
            assert!(bundle(&mended(&text.as_bytes()[..end])).is_some(), "cut at {end}");
        }
    }

    #[test]
    fn a_note_and_a_proof_are_what_was_signed_or_refused() {
        let signer = Signer::new("log", &[7; 32]).expect("a key");
        let signed = signer.sign(&Checkpoint::at("log", 3, [1; 32]));
        let key = signer.verifier().to_string();
        for text in [signed.as_str(), key.as_str(), "", "a\n\n\u{2014} b c\n"] {
            (0..=text.len()).for_each(|end| note(&text.as_bytes()[..end]));
        }
        let event = format!(
            "{EVENT}\"salt\":\"{}\",\"body\":\"x\",\"hash\":\"{}\"}}",
            "1".repeat(32),
            "0".repeat(64)
        );
        let line =
            format!("{{\"event\":{event},\"previous\":\"{0}\",\"proof\":[\"{0}\"]}}\n", "0".repeat(64));
        assert!(Proven::read(line.as_bytes()).is_ok(), "{line}");
        (0..=line.len()).for_each(|end| proven(&line.as_bytes()[..end]));
    }
}
