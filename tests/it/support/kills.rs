//! Processes that die at random moments, by a seed that a test prints.

use crate::support::azure::Azure;
use crate::support::rehome::{Rehome, text};
use std::time::Duration;

/// A small generator, so that a seed gives the same moments again.
pub(crate) struct Dice(u64);

/// Words for who reads a failed test.
#[expect(clippy::print_stderr, reason = "a test's seed has to be seen")]
pub(crate) fn say(words: &str) {
    eprintln!("{words}");
}

/// Whether everything is to be lived through, and not the sample that a plain run takes.
pub(crate) fn is_night() -> bool {
    std::env::var_os("REHOME_NIGHT").is_some()
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

    /// Dice that begin here.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Where it begins, before anything was drawn.
    pub(crate) fn seed(&self) -> u64 {
        self.0
    }

    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// Whatever was written twice without a look at it in between.
pub(crate) fn unlooked(azure: &Azure) -> Vec<String> {
    let (mut written, mut twice) = (std::collections::BTreeSet::new(), Vec::new());
    for request in azure.requests() {
        let (path, method) = (text(&request["path"]).to_lowercase(), text(&request["method"]));
        let path = path.split('?').next().unwrap_or_default().to_owned();
        if method == "GET" {
            written.retain(|(_, known)| *known != path);
        } else if request["changed"] == true && !written.insert((method.to_owned(), path.clone())) {
            twice.push(format!("{method} {path}"));
        }
    }
    twice
}

/// Starts a command and kills it at a random moment within so many milliseconds; whether it was killed before it ended.
/// A command that is over sooner is killed sooner the next time, and one that is not, later: however fast the machine is,
/// three of four die at work.
pub(crate) fn kill_once(rehome: &Rehome, arguments: &[&str], dice: &mut Dice, within_ms: &mut u64) -> bool {
    let mut process = rehome.start(arguments);
    let moment = Duration::from_millis(dice.below(*within_ms));
    // The moment of a kill is the one thing here that only a clock can choose.
    std::thread::sleep(moment);
    let running = process.try_wait().expect("it can be asked").is_none();
    drop(process.kill());
    drop(process.wait());
    *within_ms = if running { *within_ms * 5 / 4 } else { (*within_ms / 2).max(4) };
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
