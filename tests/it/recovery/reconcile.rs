//! An old copy of the log is put back while the world went on. Nothing that was made is made again, and what was
//! done in the lost part is known, goes on, or is taken back.

use crate::support::azure::{Azure, SCALE, example};
use crate::support::kills::{Dice, kill_once, say, sent_twice};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use crate::support::verdict::{judge, moves};
use serde_json::Value;

const BATCH: &str = "minimal";
const RECONCILE: [&str; 5] = ["db", "reconcile", "--reason", "the disk died", "--yes"];
const CLEAN_UP: [&str; 5] = ["cleanup", BATCH, "--confirm", BATCH, "--yes"];
const ROLL_BACK: [&str; 5] = ["rollback", BATCH, "--reason", "a test", "--yes"];

struct Stage {
    azure: Azure,
    rehome: Rehome,
    before: Value,
}

/// How fast both sides run where a process is killed while a request of its own is on the way: the program takes for granted that one
/// is answered, or lost, within the settling time, and at this speed that is longer than a busy machine may let an answer wait.
const WITH_KILLS: &str = "2000";

fn stage() -> Stage {
    stage_at(SCALE)
}

fn stage_at(scale: &'static str) -> Stage {
    let azure = Azure::serve_at(scale, &example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let before = azure.estate();
    rehome.approve(&example("minimal").join("batch.toml"));
    Stage { azure, rehome, before }
}

impl Stage {
    fn back_up(&self, name: &str) {
        self.rehome.say(&["db", "backup", name]).expect(0);
    }

    /// The old copy comes back, is refused with the exact next command, and that command is given.
    fn lose_the_log(&self, backup: &str) {
        let restored = self.rehome.say(&["db", "restore", backup, "--yes"]).expect(0);
        assert!(restored.err.contains("next: rehome db reconcile --reason"), "{}", restored.err);
        let writes = self.writes();
        for refused in [&["run", "plan.json", "--yes"][..], &CLEAN_UP, &ROLL_BACK] {
            let said = self.rehome.say(refused).expect(15);
            assert!(said.err.contains("rehome db reconcile --reason TEXT --yes"), "{}", said.err);
        }
        assert_eq!(self.writes(), writes, "nothing was written meanwhile");
        self.rehome.say(&RECONCILE).expect(0);
        let history = self.rehome.say(&["history"]).expect(0).out;
        assert!(history.contains("tester@contoso.example") && history.contains("the disk died"), "{history}");
        assert_eq!(self.writes(), writes, "to say so writes nothing either");
    }

    fn writes(&self) -> usize {
        self.azure.requests().iter().filter(|r| r["changed"] == true).count()
    }

    fn concluded(&self) -> Value {
        let history = self.rehome.json(&["history"]);
        let events = history["events"].as_array().expect("events");
        let last = events.iter().rev().find(|e| e["kind"] == "reconciled").expect("it was looked around");
        last["body"]["steps"].clone()
    }

    fn roll_back(&self) -> i32 {
        let said = self.rehome.say_with_people(&ROLL_BACK);
        say(&said.err);
        said.code
    }

    fn finish(&self) {
        self.rehome.say_with_people(&["run", "plan.json", "--yes"]).expect(0);
        let moved = self.azure.estate();
        self.rehome.say(&CLEAN_UP).expect(0);
        judge(&self.before, &moved, &self.azure.estate(), &moves(&self.rehome));
        assert_eq!(sent_twice(&self.azure), Vec::<String>::new(), "what was made was made again");
        self.rehome.say(&["audit", "verify"]).expect(0);
        let replayed = self.rehome.json(&["replay"]);
        assert!(replayed["moves"].as_array().expect("moves").iter().all(|m| m["state"] == "done"));
    }
}

#[test]
fn a_copy_from_before_the_first_step_finds_all_of_it_done_and_goes_on_to_the_end() {
    let stage = stage();
    stage.back_up("early.db");
    assert_eq!(stage.rehome.run_with_people(), 0);
    stage.lose_the_log("early.db");
    stage.rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let concluded = stage.concluded();
    assert!(concluded.as_array().expect("steps").iter().all(|s| s["became"] != "parked"), "{concluded}");
    stage.finish();
}

#[test]
fn a_copy_from_before_the_first_step_is_taken_back_from_what_is_found() {
    let stage = stage();
    stage.back_up("early.db");
    assert_eq!(stage.rehome.run_with_people(), 0);
    stage.lose_the_log("early.db");
    assert_eq!(stage.roll_back(), 0);
    assert_eq!(differences(&plain(&stage.before), &plain(&stage.azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn a_deletion_in_the_lost_part_is_found_and_there_is_no_way_back_from_it() {
    let stage = stage();
    stage.back_up("early.db");
    assert_eq!(stage.rehome.run_with_people(), 0);
    let moved = stage.azure.estate();
    stage.rehome.say(&CLEAN_UP).expect(0);
    let done = stage.writes();
    stage.lose_the_log("early.db");
    let said = stage.rehome.say(&ROLL_BACK);
    assert_ne!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("refused"), "{}", said.err);
    assert_eq!(stage.writes(), done, "nothing was taken back");
    stage.rehome.say(&["resume", BATCH]).expect(0);
    assert_eq!(stage.rehome.run_with_people(), 0);
    stage.rehome.say(&CLEAN_UP).expect(0);
    assert_eq!(stage.writes(), done, "nothing was sent a second time");
    judge(&stage.before, &moved, &stage.azure.estate(), &moves(&stage.rehome));
    assert_eq!(text(&stage.rehome.json(&["status"])["moves"][0]["state"]), "done");
}

#[test]
fn a_roll_back_in_the_lost_part_is_found_and_nothing_goes_forward_by_itself() {
    let stage = stage();
    stage.rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    stage.back_up("middle.db");
    assert_eq!(stage.roll_back(), 0);
    let done = stage.writes();
    stage.lose_the_log("middle.db");
    stage.rehome.say(&["run", "plan.json", "--yes"]).expect(10);
    assert_eq!(stage.writes(), done, "what is gone is not made again unasked");
    let status = stage.rehome.say(&["status"]).expect(0);
    assert!(status.out.contains("Gone") && status.out.contains("rehome rollback"), "{}", status.out);
    assert_eq!(stage.roll_back(), 0);
    assert_eq!(stage.writes(), done);
    assert_eq!(differences(&plain(&stage.before), &plain(&stage.azure.estate()), ""), Vec::<String>::new());
}

#[test]
fn copies_from_anywhere_in_a_run_that_is_killed_end_as_planned() {
    let mut dice = Dice::seeded();
    for round in 0..4 {
        let stage = stage_at(WITH_KILLS);
        for _ in 0..=round {
            kill_once(&stage.rehome, &["run", "plan.json", "--yes"], &mut dice, &mut 1_000);
        }
        stage.back_up("middle.db");
        kill_once(&stage.rehome, &["run", "plan.json", "--yes"], &mut dice, &mut 2_000);
        // The tail may have been empty: then there is nothing to reconcile, and nothing to refuse.
        stage.rehome.say(&["db", "restore", "middle.db", "--yes"]).expect(0);
        stage.rehome.say(&RECONCILE).expect(0);
        kill_once(&stage.rehome, &["run", "plan.json", "--yes"], &mut dice, &mut 800);
        stage.finish();
    }
}

#[test]
fn a_copy_from_before_the_clean_up_knows_what_of_it_was_done() {
    let stage = stage();
    assert_eq!(stage.rehome.run_with_people(), 0);
    stage.back_up("late.db");
    let moved = stage.azure.estate();
    stage.rehome.say(&CLEAN_UP).expect(0);
    let done = stage.writes();
    stage.lose_the_log("late.db");
    stage.rehome.say(&CLEAN_UP).expect(0);
    assert_eq!(stage.writes(), done, "nothing was sent a second time");
    judge(&stage.before, &moved, &stage.azure.estate(), &moves(&stage.rehome));
}
