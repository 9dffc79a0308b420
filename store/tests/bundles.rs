//! Store: a bundle is the log that it was made of; what is withheld is nowhere in it; whoever edits one is found,
//! with the first event concerned; and whatever comes in the place of one is an error and nothing worse.
//!
//! `REHOME_TAMPER_ROUNDS` and `REHOME_TAMPER_SEED` choose how often and from where.

#[path = "fire/dice.rs"]
mod dice;
#[path = "bundles/elsewhere.rs"]
mod elsewhere;

use dice::Dice;
use rehome_store::{
    Anchor, Append, AppendError, BUNDLE_FORMAT, BundleError, BundleLog, BundleReader, BundleWriter,
    CountedSalts, Disclosure, Head, Header, Log, MemoryLog, Position, ReadError, Sequence, Stored, StreamId,
    VerifyError, Why, conformance, verify_chain,
};
use serde_json::{Value, json};
use std::io::{BufReader, Cursor, Read};

const EVENTS: u64 = 60;

async fn a_log() -> MemoryLog {
    let log = MemoryLog::with_salts(CountedSalts::default());
    for n in 0..EVENTS {
        let body = format!("{{\"event\":{n},\"text\":\"\u{e4}{}\"}}", "x".repeat((n * 7 % 400) as usize));
        log.append(conformance::append(&format!("move/{}", n % 5), n / 5, &[&body])).await.expect("appended");
    }
    log
}

async fn header(log: &dyn Log) -> (Header, Head) {
    let head = log.head().await.expect("a head");
    let anchor = log.read_all(Position(39), 1).await.expect("event 40").remove(0);
    let anchor = Anchor { log: "a log".to_owned(), position: 40, hash: anchor.hash.to_string() };
    let program = "rehome 0".to_owned();
    let head_said = Anchor::of("a log", head);
    let (anchor, selected) = (Some(anchor), None);
    (Header { rehome_bundle: BUNDLE_FORMAT, program, head: head_said, anchor, selected }, head)
}

async fn bundle_of(log: &dyn Log, shown: impl Fn(&Stored) -> Disclosure) -> Vec<u8> {
    let (header, head) = header(log).await;
    let mut writer = BundleWriter::begin(Vec::new(), &header, head).expect("begun");
    for event in log.read_all(Position(0), usize::MAX).await.expect("all") {
        let shown = shown(&event);
        writer.put(event, shown).expect("written");
    }
    assert!(writer.is_full());
    writer.end().expect("ended")
}

/// Every third event is withheld, each for another reason.
fn some_withheld(event: &Stored) -> Disclosure {
    match event.position.0 % 9 {
        0 => Disclosure::NotSelected,
        3 => Disclosure::Redacted,
        6 => Disclosure::Masked("{\"told\":1}".to_owned()),
        _ => Disclosure::Whole,
    }
}

fn open(bytes: Vec<u8>) -> Result<BundleLog, BundleError> {
    BundleLog::read(Cursor::new(bytes), |_| None)
}

/// All events, without the memory of a log.
fn stream(source: impl Read) -> Result<Vec<Stored>, BundleError> {
    let mut reader = BundleReader::begin(BufReader::new(source))?;
    let mut all = Vec::new();
    while let Some(event) = reader.next_event()? {
        all.push(event);
    }
    Ok(all)
}

fn broken(result: Result<Vec<Stored>, BundleError>) -> (u64, String) {
    match result {
        Err(BundleError::Chain(
            ref e @ (VerifyError::Broken { position, .. } | VerifyError::Rewritten { position }),
        )) => (position.0, e.to_string()),
        other => panic!("no event is named: {:?}", other.map(|all| all.len())),
    }
}

#[tokio::test]
async fn a_bundle_read_as_a_log_is_the_log_and_cannot_be_written_to() {
    let log = a_log().await;
    // Bytes that are no text, and control characters that JSON writes as six bytes.
    let mut strange = conformance::append("str\u{f6}me/\u{202e}", 0, &["", "\u{1}\u{7f}\u{2028}\r\n\t"]);
    strange.records[0].body = (0..=255).cycle().take(100_000).collect();
    (strange.records[0].at_ms, strange.records[1].version) = (i64::MIN, u16::MAX);
    log.append(strange).await.expect("appended");
    let read = open(bundle_of(&log, |_| Disclosure::Whole).await).expect("a bundle");
    assert_eq!(read.head().await.expect("a head"), log.head().await.expect("a head"));
    assert_eq!(read.streams("").await.expect("streams"), log.streams("").await.expect("streams"));
    assert_eq!(read.streams("move/").await.expect("streams").len(), 5);
    for (seen, limit) in [(0, usize::MAX), (17, 5), (61, 9), (62, 9), (u64::MAX, 1)] {
        let of = |log: &dyn Log| at_once(log.read_all(Position(seen), limit));
        assert_eq!(of(&read), of(&log), "from {seen}");
        for stream in ["move/3", "str\u{f6}me/\u{202e}", "nobody"] {
            let of = |log: &dyn Log| at_once(log.read_stream(&StreamId::new(stream), Sequence(seen), limit));
            assert_eq!(of(&read), of(&log), "{stream} from {seen}");
        }
    }
    verify_chain(&read, read.header().anchor.as_ref()).await.expect("the chain holds");
    let refused = read.append(Append::default()).await;
    assert!(matches!(refused, Err(AppendError::ReadOnly)), "{refused:?}");
}

/// What a log in memory answers at once.
fn at_once(mut later: rehome_store::BoxFuture<'_, Result<Vec<Stored>, ReadError>>) -> Vec<Stored> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match later.as_mut().poll(&mut context) {
        std::task::Poll::Ready(read) => read.expect("readable"),
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn what_is_withheld_is_nowhere_in_the_file_nor_its_salt_and_the_chain_still_holds() {
    let log = a_log().await;
    let bytes = bundle_of(&log, some_withheld).await;
    let text = String::from_utf8(bytes.clone()).expect("text");
    for event in log.read_all(Position(0), usize::MAX).await.expect("all") {
        let salt: String = event.salt.iter().map(|byte| format!("{byte:02x}")).collect();
        let says = format!("\\\"event\\\":{},", event.position.0 - 1);
        let there = some_withheld(&event) == Disclosure::Whole;
        assert_eq!((text.contains(&salt), text.contains(&says)), (there, there), "event {}", event.position);
    }
    let read = open(bytes).expect("a bundle");
    let withheld = read.withheld();
    let count = |why: Why| withheld.events[&why].len();
    assert_eq!((count(Why::NotSelected), count(Why::Redacted), count(Why::Masked)), (6, 7, 7));
    verify_chain(&read, None).await.expect("the chain holds");
    let sixth = read.read_all(Position(5), 1).await.expect("event 6").remove(0);
    assert_eq!((sixth.record.body.as_slice(), sixth.salt), (&b"{\"told\":1}"[..], [0; 16]));
}

#[tokio::test]
async fn a_bundle_is_not_made_of_a_log_whose_chain_is_broken_or_that_its_anchor_contradicts() {
    let log = a_log().await;
    let (mut header, head) = header(&log).await;
    let mut events = log.read_all(Position(0), usize::MAX).await.expect("all");
    events[20].record.actor = "somebody else".into();
    let mut writer = BundleWriter::begin(Vec::new(), &header, head).expect("begun");
    let put = events.into_iter().try_for_each(|event| writer.put(event, Disclosure::NotSelected));
    assert_eq!(broken(put.map(|()| Vec::new())).0, 21);
    header.anchor.as_mut().expect("an anchor").hash = "ab".repeat(32);
    let mut writer = BundleWriter::begin(Vec::new(), &header, head).expect("begun");
    let all = log.read_all(Position(0), usize::MAX).await.expect("all");
    let put = all.into_iter().try_for_each(|event| writer.put(event, Disclosure::Whole));
    assert_eq!(broken(put.map(|()| Vec::new())).0, 40);
}

fn lines(bytes: &[u8]) -> Vec<String> {
    std::str::from_utf8(bytes).expect("text").lines().map(ToOwned::to_owned).collect()
}

fn joined(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}

/// Changes one member of a line to something else of its kind.
fn alter(dice: &mut Dice, value: &mut Value) {
    match value {
        Value::Number(number) => {
            let old = number.as_u64().expect("no number of a bundle is negative here");
            *value = json!(old ^ (1 << dice.below(14)));
        }
        Value::String(text) => {
            let at = dice.below(text.chars().count() as u64 + 1) as usize;
            let mut all: Vec<char> = text.chars().collect();
            match dice.below(3) {
                0 => all.insert(at, '0'),
                _ if at == all.len() => drop(all.pop()),
                _ => all[at] = if all[at] == '1' { '2' } else { '1' },
            }
            *text = all.into_iter().collect();
        }
        other => *other = json!(1),
    }
}

/// Spoils what the chain covers, and says what was done and which event must be named.
fn spoil(dice: &mut Dice, whole: &[String]) -> (String, u64, Vec<u8>) {
    let mut lines = whole.to_vec();
    let (p, q) = (1 + dice.below(EVENTS) as usize, 1 + dice.below(EVENTS) as usize);
    let done = match dice.below(9) {
        0..=3 => loop {
            let mut event: Value = serde_json::from_str(&lines[p]).expect("JSON");
            let members: Vec<String> = event.as_object().expect("an object").keys().cloned().collect();
            let member = &members[dice.below(members.len() as u64) as usize];
            // Why something is withheld, and what is told instead, no chain can prove.
            if member == "withheld" || member == "told" {
                continue;
            }
            alter(dice, &mut event[member]);
            lines[p] = event.to_string();
            break (format!("{member} of {p}"), p);
        },
        4 => {
            lines.remove(p);
            (format!("{p} removed"), p)
        }
        5 if p != q => {
            lines.swap(p, q);
            (format!("{p} and {q} exchanged"), p.min(q))
        }
        6 => {
            lines.insert(q + 1, lines[p].clone());
            // After the one before it, it is itself in its place, and then once more.
            (format!("{p} again after {q}"), if p == q + 1 { p + 1 } else { q + 1 })
        }
        7 => {
            lines.truncate(p);
            (format!("cut off from {p}"), p)
        }
        _ => {
            let moved = lines.remove(p);
            lines.insert(q, moved);
            if p == q {
                return spoil(dice, whole);
            }
            (format!("{p} moved to {q}"), p.min(q))
        }
    };
    (done.0, done.1 as u64, joined(&lines))
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn every_edit_of_what_the_chain_covers_is_found_at_its_event() {
    let rounds = from_environment("REHOME_TAMPER_ROUNDS", 2_000);
    let seed = from_environment("REHOME_TAMPER_SEED", 20_260_101);
    println!("REHOME_TAMPER_SEED={seed} REHOME_TAMPER_ROUNDS={rounds}");
    let whole = bundle_of(&a_log().await, some_withheld).await;
    stream(&whole[..]).expect("an untouched bundle is whole");
    let (whole, mut dice) = (lines(&whole), Dice(seed));
    for round in 0..rounds {
        let (what, expected, spoilt) = spoil(&mut dice, &whole);
        let (named, why) = broken(stream(&spoilt[..]));
        assert_eq!(named, expected, "round {round} of seed {seed}: {what}: {why}");
    }
}

#[tokio::test]
async fn the_ends_that_a_header_names_are_held_against_the_events() {
    let whole = lines(&bundle_of(&a_log().await, |_| Disclosure::Whole).await);
    let header: Value = serde_json::from_str(&whole[0]).expect("JSON");
    let hash = json!("ab".repeat(32));
    for (end, member, value, named) in [
        ("head", "hash", &hash, EVENTS),
        ("head", "position", &json!(20), 20),
        ("head", "position", &json!(EVENTS + 1), EVENTS + 1),
        ("anchor", "hash", &hash, 40),
        ("anchor", "position", &json!(39), 39),
    ] {
        let mut header = header.clone();
        header[end][member] = value.clone();
        let spoilt = [&[header.to_string()], &whole[1..]].concat();
        let (found, why) = broken(stream(&joined(&spoilt)[..]));
        assert_eq!(found, named, "{member} of the {end}: {why}");
    }
    let mut ahead = header.clone();
    ahead["anchor"]["position"] = json!(EVENTS + 5);
    let spoilt = joined(&[&[ahead.to_string()], &whole[1..]].concat());
    match stream(&spoilt[..]) {
        Err(BundleError::Chain(VerifyError::Shortened { found, anchored })) => {
            assert_eq!((found, anchored), (Position(EVENTS), Position(EVENTS + 5)));
        }
        other => panic!("an anchor ahead of the end is not noticed: {:?}", other.map(|all| all.len())),
    }
}

/// What the chain proves of an event.
fn proven(mut event: Stored) -> Stored {
    if let Some(withheld) = &mut event.withheld {
        withheld.why = Why::Redacted;
        event.record.body.clear();
    }
    event
}

#[tokio::test]
async fn a_byte_that_is_changed_anywhere_is_found_at_its_event_or_changes_nothing_that_is_proven() {
    let rounds = from_environment("REHOME_TAMPER_ROUNDS", 2_000);
    let seed = from_environment("REHOME_TAMPER_SEED", 20_260_102);
    println!("REHOME_TAMPER_SEED={seed} REHOME_TAMPER_ROUNDS={rounds}");
    let whole = bundle_of(&a_log().await, some_withheld).await;
    let proved: Vec<Stored> = stream(&whole[..]).expect("whole").into_iter().map(proven).collect();
    let (mut dice, mut found) = (Dice(seed), 0);
    for round in 0..rounds {
        let mut spoilt = whole.clone();
        let at = dice.below(whole.len() as u64) as usize;
        match dice.below(4) {
            0 => drop(spoilt.remove(at)),
            1 => spoilt.insert(at, dice.below(256) as u8),
            _ => spoilt[at] ^= 1 << dice.below(8),
        }
        let line = whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        match stream(&spoilt[..]) {
            Ok(read) => {
                let read: Vec<Stored> = read.into_iter().map(proven).collect();
                assert_eq!(read, proved, "round {round} of seed {seed}: byte {at}");
            }
            // The header: whatever it says now is no header, or not of these events.
            Err(_) if line == 0 => found += 1,
            // A line that ends elsewhere spoils itself, or the next one.
            Err(e) => {
                let (named, why) = broken(Err(e));
                let next = u64::from(whole[at] == b'\n');
                let fits = (line..=line + next).contains(&named);
                assert!(fits, "round {round} of seed {seed}: byte {at} of line {line}: {why}");
                found += 1;
            }
        }
    }
    assert!(found > rounds * 8 / 10, "only {found} of {rounds} are found");
}

#[tokio::test]
async fn a_bundle_that_was_made_up_as_a_whole_is_found_only_by_an_end_that_was_kept_elsewhere() {
    let log = a_log().await;
    let (said, _) = header(&log).await;
    let kept = said.head;
    let forged = MemoryLog::with_salts(CountedSalts::default());
    for event in log.read_all(Position(0), usize::MAX).await.expect("all") {
        let (sequence, mut record) = (event.sequence.0 - 1, event.record);
        record.actor = "somebody else".into();
        let expect = vec![(record.stream.clone(), Sequence(sequence))];
        forged.append(Append { expect, records: vec![record] }).await.expect("appended");
    }
    let read = open(bundle_of(&forged, |_| Disclosure::Whole).await).expect("the forger knew what to do");
    let found = verify_chain(&read, Some(&kept)).await;
    assert!(matches!(found, Err(VerifyError::Rewritten { position: Position(EVENTS) })), "{found:?}");
}

#[tokio::test]
async fn what_is_no_bundle_is_said_and_takes_no_memory() {
    let whole = lines(&bundle_of(&a_log().await, |_| Disclosure::Whole).await);
    let deep = format!("{{\"rehome_bundle\":1,\"x\":{}", "[".repeat(60_000));
    let twice = whole[0].replacen('{', "{\"program\":\"x\",", 1);
    let newer = whole[0].replace("\"rehome_bundle\":1", "\"rehome_bundle\":2,\"more\":[]");
    let older = whole[0].replace("\"rehome_bundle\":1", "\"rehome_bundle\":0");
    let mixed = whole[0].replacen("a log", "another log", 1);
    let empty = whole[0].replacen("\"position\":60", "\"position\":0", 1);
    for text in ["", &empty, "\n", "{}\n", "not JSON\n", "SQLite format 3\0", &deep, &twice, &older, &mixed] {
        let refused = stream(format!("{text}\n").as_bytes());
        assert!(
            matches!(refused, Err(BundleError::NotOurs { .. })),
            "{}: {refused:?}",
            &text[..text.len().min(60)]
        );
    }
    let refused = stream(format!("{newer}\n").as_bytes());
    assert!(matches!(refused, Err(BundleError::NewerFormat { found: 2 })), "{refused:?}");
    let many = whole[0].replacen("\"position\":60", "\"position\":9000000000000000000", 1);
    let refused = stream(format!("{many}\n").as_bytes());
    assert!(matches!(refused, Err(BundleError::TooMany { what: "events", .. })), "{refused:?}");
    let refused = stream(std::io::repeat(b' '));
    assert!(matches!(refused, Err(BundleError::NotOurs { .. })), "{refused:?}");
    for (line, words) in [
        (format!("{{\"position\":1,\"x\":{}", "[".repeat(1_000_000)), "damaged"),
        (whole[1].replacen('{', "{\"actor\":\"x\",", 1), "duplicate"),
        (whole[1].replace("\"salt\":\"", "\"withheld\":\"redacted\",\"salt\":\""), "some of both"),
        (whole[1].replace("\"body\":", "\"body_hex\":\"00\",\"body\":"), "one of body"),
        (
            whole[1].replace("\"actor\":\"ada\"", &format!("\"actor\":\"{}\"", "a".repeat(1_025))),
            "1025 bytes",
        ),
        (whole[1].replace("\"hash\":\"", "\"hash\":\"AB"), "hex"),
        ("\u{feff}".to_owned() + &whole[1], "damaged"),
    ] {
        let (named, why) = broken(stream(joined(&[whole[0].clone(), line]).as_slice()));
        assert!(named == 1 && why.contains(words) && why.len() < 400, "{words}: {why}");
    }
    let head = format!("{}\n", whole[0]);
    let (named, why) = broken(stream(head.as_bytes().chain(std::io::repeat(b' '))));
    assert!(named == 1 && why.contains("longer than any"), "{why}");
    let (named, why) = broken(stream([head.as_bytes(), b"\xff\xfe\n"].concat().as_slice()));
    assert!(named == 1 && why.contains("damaged"), "{why}");
}

#[tokio::test]
async fn more_in_an_event_than_the_chain_finds_is_found_when_a_bundle_is_opened() {
    let bytes = bundle_of(&a_log().await, some_withheld).await;
    let odd = |event: &Stored| (event.withheld.is_some()).then(|| "it may not be withheld".to_owned());
    match BundleLog::read(Cursor::new(bytes), odd) {
        Err(BundleError::Chain(VerifyError::Broken { position: Position(3), what })) => {
            assert_eq!(what, "it may not be withheld");
        }
        other => panic!("event 3 is not named: {:?}", other.map(|log| log.header().clone())),
    }
}

#[tokio::test]
async fn a_file_that_is_changed_while_it_is_read_is_noticed_at_the_event() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bundle");
    let bytes = bundle_of(&a_log().await, |_| Disclosure::Whole).await;
    std::fs::write(&path, &bytes).expect("written");
    let log = BundleLog::open(&path, |_| None).expect("a bundle");
    let text = String::from_utf8(bytes).expect("text");
    std::fs::write(&path, text.replace("\\\"event\\\":30,", "\\\"event\\\":31,")).expect("changed");
    log.read_all(Position(0), 30).await.expect("as they were");
    let changed = log.read_all(Position(0), 31).await;
    assert!(matches!(changed, Err(ReadError::Damaged { position: Position(31), .. })), "{changed:?}");
}
