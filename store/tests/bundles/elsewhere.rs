//! Store: the verifier that is handed out with a bundle, `store/verify_bundle.py`, beside this program: both are
//! given the same forgeries, and both name the same event.

use super::*;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a verifier says: the end that is proven, or the event that is not what was written (0 is the header).
type Verdict = Result<String, u64>;

fn here(bytes: &[u8]) -> Verdict {
    let place = |e: BundleError| match e {
        BundleError::Chain(VerifyError::Broken { position, .. } | VerifyError::Rewritten { position }) => {
            position.0
        }
        BundleError::Chain(VerifyError::Shortened { found, .. }) => found.0,
        _ => 0,
    };
    let events = stream(bytes).map_err(place)?;
    let head = events.last().expect("the forgeries have events");
    Ok(format!("{}:{}", head.position, head.hash))
}

/// All verdicts of the verifier, in one process. What is told in the place of a credential is for whoever knows
/// what events mean, and is tried through the binary.
const DRIVER: &str = "
import sys, verify_bundle as v
v.told_flaw = lambda event: None
for name in sys.stdin.read().split():
    try: print('end', v.verify(open(name, 'rb')))
    except v.Refused as refused: print('refused', refused.place)
";

fn there(all: &[Vec<u8>]) -> Option<Vec<Verdict>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let names: Vec<String> = (0..all.len()).map(|nth| format!("{nth}.jsonl")).collect();
    for (name, bytes) in names.iter().zip(all) {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let mut command = Command::new("python3");
    command.args(["-c", DRIVER]).current_dir(folder.path()).env("PYTHONPATH", env!("CARGO_MANIFEST_DIR"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    child.stdin.take().expect("a pipe").write_all(names.join("\n").as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the verifier does not fail but refuse");
    let said = String::from_utf8(output.stdout).expect("text");
    let verdict = |line: &str| match line.split_once(' ').expect("two words") {
        ("end", end) => Ok(end.to_owned()),
        (_, place) => Err(place.parse().expect("a place")),
    };
    Some(said.lines().map(verdict).collect())
}

fn changed_bytes(dice: &mut Dice, whole: &[u8]) -> Vec<u8> {
    let mut spoilt = whole.to_vec();
    let at = dice.below(whole.len() as u64) as usize;
    match dice.below(4) {
        0 => drop(spoilt.remove(at)),
        1 => spoilt.insert(at, dice.below(256) as u8),
        _ => spoilt[at] ^= 1 << dice.below(8),
    }
    spoilt
}

/// One line of a bundle in other words, and what is wrong with them.
fn rewritten(whole: &[String]) -> Vec<(&'static str, Vec<u8>)> {
    let event: Value = serde_json::from_str(&whole[1]).expect("JSON");
    let line = |nth: usize, line: String| {
        let mut lines = whole.to_vec();
        lines[nth] = line;
        joined(&lines)
    };
    let mut forged = event.clone();
    forged["digest"] = json!("ab".repeat(32));
    forged["body"] = json!("other words");
    let with = |from: &str, to: &str| {
        assert!(whole[1].contains(from), "{from}");
        line(1, whole[1].replacen(from, to, 1))
    };
    vec![
        ("a body beside a digest", line(1, forged.to_string())),
        ("a body twice", with("\"body\":", "\"body_hex\":\"00\",\"body\":")),
        ("an actor twice", with("{", "{\"actor\":\"x\",")),
        ("a stranger's member", with("{", "{\"note\":1,")),
        ("some of both", with("\"salt\":\"", "\"withheld\":\"redacted\",\"salt\":\"")),
        ("a position that is no whole number", with("\"position\":1,", "\"position\":1.0,")),
        ("a position as a text", with("\"position\":1,", "\"position\":\"1\",")),
        ("a position that is true", with("\"position\":1,", "\"position\":true,")),
        ("a huge position", with("\"position\":1,", &format!("\"position\":{},", "9".repeat(5_000)))),
        ("half a character", with("\"actor\":\"ada", "\"actor\":\"ada\\ud800")),
        ("a zero in a name", with("\"actor\":\"ada", "\"actor\":\"ada\\u0000")),
        ("nobody", with("\"actor\":\"ada\"", "\"actor\":\"\"")),
        ("upper-case hex", line(1, whole[1].replace("\"hash\":\"", "\"hash\":\"AB"))),
        ("spaces, which mean nothing", with("\"position\":1,", " \"position\" : 1 ,\t")),
        ("what is absent, as nothing", with("{", "{\"told\":null,")),
        (
            "no salt",
            line(1, {
                let mut event = event.clone();
                event.as_object_mut().expect("an object").remove("salt");
                event.to_string()
            }),
        ),
        ("deep", line(1, format!("{{\"position\":1,\"x\":{}", "[".repeat(100_000)))),
        ("no end of a line", {
            let mut bytes = joined(whole);
            bytes.pop();
            bytes
        }),
        ("more than there is", [joined(whole), b"\n".to_vec()].concat()),
        ("no text", line(1, "\u{feff}".to_owned() + &whole[1])),
        ("a newer form", line(0, whole[0].replace("\"rehome_bundle\":1", "\"rehome_bundle\":2"))),
        ("an older form", line(0, whole[0].replace("\"rehome_bundle\":1", "\"rehome_bundle\":0"))),
        ("two logs", line(0, whole[0].replacen("a log", "another log", 1))),
        (
            "no events, and the hash of one",
            line(0, whole[0].replacen("\"position\":60", "\"position\":0", 1)),
        ),
        ("an end too early", line(0, whole[0].replacen("\"position\":60", "\"position\":20", 1))),
        ("an end too late", line(0, whole[0].replacen("\"position\":60", "\"position\":61", 1))),
        ("an anchor ahead", line(0, whole[0].replacen("\"position\":40", "\"position\":65", 1))),
        ("an anchor elsewhere", line(0, whole[0].replacen("\"position\":40", "\"position\":39", 1))),
        (
            "an anchor of nothing with a hash",
            line(0, whole[0].replacen("\"position\":40", "\"position\":0", 1)),
        ),
        ("nothing", Vec::new()),
        ("another file", b"SQLite format 3\0".to_vec()),
    ]
}

#[tokio::test]
async fn the_independent_verifier_has_the_verdict_of_this_program_on_every_forgery() {
    let seed = from_environment("REHOME_TAMPER_SEED", 20_260_103);
    println!("REHOME_TAMPER_SEED={seed}");
    let whole = bundle_of(&a_log().await, some_withheld).await;
    let (of_lines, mut dice) = (lines(&whole), Dice(seed));
    let mut all = vec![("whole".to_owned(), whole.clone())];
    all.extend(rewritten(&of_lines).into_iter().map(|(what, bytes)| (what.to_owned(), bytes)));
    for _ in 0..700 {
        let (what, _, spoilt) = spoil(&mut dice, &of_lines);
        all.push((what, spoilt));
        all.push(("a byte".to_owned(), changed_bytes(&mut dice, &whole)));
    }
    let (names, bundles): (Vec<String>, Vec<Vec<u8>>) = all.into_iter().unzip();
    let Some(found) = there(&bundles) else {
        println!("SKIPPED: there is no python3 here");
        return;
    };
    assert_eq!(found.len(), bundles.len());
    for ((what, bundle), found) in names.iter().zip(&bundles).zip(found) {
        let bytes = String::from_utf8_lossy(bundle);
        let shown: String = bytes.chars().take(300).collect();
        assert_eq!(found, here(bundle), "{what} (seed {seed}): {shown}");
    }
    let kept = here(&whole).expect("whole");
    assert!(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("verify_bundle.py").exists() && kept.starts_with("60:")
    );
}
