use crate::azure::{Azure, example};
use crate::oracle::{differences, plain};
use crate::rehome::{Rehome, text};
use crate::whole_way::{judge, moves};
use std::time::Duration;

/// A small generator, so that a seed gives the same moments again.
pub(crate) struct Dice(u64);

/// Words for who reads a failed test.
#[expect(clippy::print_stderr, reason = "a test's seed has to be seen")]
pub(crate) fn say(words: &str) {
    eprintln!("{words}");
}

impl Dice {
    pub(crate) fn seeded() -> Self {
        let given = std::env::var("REHOME_SEED").ok().and_then(|s| s.parse().ok());
        let clock = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |d| d.subsec_nanos());
        let seed = given.unwrap_or_else(|| u64::from(clock) | 1);
        say(&format!("REHOME_SEED={seed}"));
        Self(seed)
    }

    /// Where it begins, before anything was drawn.
    pub(crate) fn seed(&self) -> u64 {
        self.0
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// Starts a command and kills it at a random moment; whether it was killed before it ended.
pub(crate) fn kill_once(rehome: &Rehome, arguments: &[&str], dice: &mut Dice, within_ms: u64) -> bool {
    let mut process = rehome.start(arguments);
    let moment = Duration::from_millis(dice.below(within_ms));
    // The moment of a kill is the one thing here that only a clock can choose.
    std::thread::sleep(moment);
    let running = process.try_wait().expect("it can be asked").is_none();
    drop(process.kill());
    drop(process.wait());
    running
}

/// Things that are made once, and were made more than once: sent again although they were there.
pub(crate) fn sent_twice(azure: &Azure) -> Vec<String> {
    let mut made: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    for request in azure.requests().iter().filter(|r| r["changed"] == true && r["method"] == "PUT") {
        let path = text(&request["path"]).to_lowercase();
        let once = ["/roleassignments/", "/federatedidentitycredentials/", "/userassignedidentities/"];
        if once.iter().any(|part| path.contains(part)) {
            *made.entry(path).or_default() += 1;
        }
    }
    made.into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(path, times)| format!("{times} x {path}"))
        .collect()
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let mut dice = Dice::seeded();
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let before = azure.estate();
    rehome.approve(&folder.join("batch.toml"));
    let mut kills = 0;
    for _ in 0..60 {
        kills += u32::from(kill_once(&rehome, &["run", "plan.json", "--yes"], &mut dice, 350));
    }
    assert_eq!(rehome.run_with_people(), 0);
    let moved = azure.estate();
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    let cleanup = ["cleanup", &batch, "--confirm", &batch, "--yes"];
    for _ in 0..20 {
        kills += u32::from(kill_once(&rehome, &cleanup, &mut dice, 250));
    }
    rehome.say_with_people(&cleanup).expect(0);
    judge(&before, &moved, &azure.estate(), &moves(&rehome));
    rehome.say(&["audit", "verify"]).expect(0);
    let twice = sent_twice(&azure);
    assert_eq!(twice, Vec::<String>::new(), "what had taken effect was sent again");
    say(&format!("{kills} kills"));
    assert!(kills >= 50, "only {kills} kills came before the program had ended");
}

#[test]
fn a_rollback_that_is_killed_again_and_again_takes_everything_back() {
    let mut dice = Dice::seeded();
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let before = plain(&azure.estate());
    rehome.approve(&folder.join("batch.toml"));
    for _ in 0..10 {
        kill_once(&rehome, &["run", "plan.json", "--yes"], &mut dice, 500);
    }
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    let rollback = ["rollback", &batch, "--reason", "a test", "--yes"];
    for _ in 0..20 {
        kill_once(&rehome, &rollback, &mut dice, 300);
    }
    rehome.say_with_people(&rollback).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}
