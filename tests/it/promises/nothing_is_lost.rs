//! Promise 1: nothing is lost. The real binary is killed at random moments of everything that it does; by night
//! (`REHOME_NIGHT=1`) it dies more often.

use crate::support::azure::{Azure, example};
use crate::support::kills::{Dice, is_night, kill_once, say, sent_twice};
use crate::support::oracle::{differences, plain};
use crate::support::rehome::{Rehome, text};
use crate::support::verdict::{judge, moves};

/// How often a run, a clean-up and a rollback are killed.
fn deaths() -> (u32, u32, u32) {
    if is_night() { (60, 20, 20) } else { (24, 8, 10) }
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let mut dice = Dice::seeded();
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let before = azure.estate();
    rehome.approve(&folder.join("batch.toml"));
    let (mut kills, mut within_ms, (running, cleaning, _)) = (0, 350, deaths());
    for _ in 0..running {
        kills += u32::from(kill_once(&rehome, &["run", "plan.json", "--yes"], &mut dice, &mut within_ms));
    }
    assert_eq!(rehome.run_with_people(), 0);
    let moved = azure.estate();
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    let cleanup = ["cleanup", &batch, "--confirm", &batch, "--yes"];
    for _ in 0..cleaning {
        kills += u32::from(kill_once(&rehome, &cleanup, &mut dice, &mut within_ms));
    }
    rehome.say_with_people(&cleanup).expect(0);
    judge(&before, &moved, &azure.estate(), &moves(&rehome));
    rehome.say(&["audit", "verify"]).expect(0);
    let twice = sent_twice(&azure);
    assert_eq!(twice, Vec::<String>::new(), "what had taken effect was sent again");
    say(&format!("{kills} kills"));
    assert!(8 * kills >= 5 * (running + cleaning), "only {kills} kills came before the program had ended");
}

#[test]
fn a_rollback_that_is_killed_again_and_again_takes_everything_back() {
    let mut dice = Dice::seeded();
    let folder = example("contoso");
    let azure = Azure::serve(&folder.join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let before = plain(&azure.estate());
    rehome.approve(&folder.join("batch.toml"));
    let mut within_ms = 500;
    for _ in 0..10 {
        kill_once(&rehome, &["run", "plan.json", "--yes"], &mut dice, &mut within_ms);
    }
    let batch = text(&rehome.json(&["status"])["moves"][0]["batch"]).to_owned();
    let rollback = ["rollback", &batch, "--reason", "a test", "--yes"];
    for _ in 0..deaths().2 {
        kill_once(&rehome, &rollback, &mut dice, &mut within_ms);
    }
    rehome.say_with_people(&rollback).expect(0);
    assert_eq!(differences(&before, &plain(&azure.estate()), ""), Vec::<String>::new());
}
