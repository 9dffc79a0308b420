//! A disk without room, for real: a small file system of its own, and a limit on the size of files.

use crate::support::estates::approved;
use crate::support::kills::say;
use crate::support::rehome::Rehome;
use std::process::Command;

/// Runs a script with the environment of the program; its exit code and what it said.
fn script(rehome: &Rehome, shell: &[&str], text: &str) -> (i32, String) {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["sh", "-c", text]).env("REHOME", env!("CARGO_BIN_EXE_rehome"));
    let output = rehome.dressed(&mut command).output().expect("a shell");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), said)
}

#[test]
fn a_full_disk_stops_the_run_with_a_remedy_and_with_room_it_goes_on() {
    let (_azure, rehome) = approved();
    // Its own mounts, so that nobody else is touched; the file system grows when it has been full once.
    let isolated = ["unshare", "--map-root-user", "--mount"];
    if !Command::new("unshare").args([&isolated[1..], &["true"]].concat()).status().is_ok_and(|s| s.success())
    {
        say(
            "SKIPPED: this machine does not let a test mount a file system of its own; the disk is never full",
        );
        return;
    }
    let (code, said) = script(
        &rehome,
        &isolated,
        "mkdir small && room=$(( $(cat rehome.db* | wc -c) / 1024 + 100 ))
         mount -t tmpfs -o size=${room}k none small && cp rehome.db* small/ || exit 99
         export REHOME_DB=small/rehome.db
         $REHOME run plan.json --yes; full=$?
         $REHOME audit verify > /dev/null; sound=$?
         cat /dev/zero > small/ballast 2> /dev/null
         $REHOME run plan.json --yes; fuller=$?
         mount -o remount,size=40m small; rm small/ballast
         for n in 1 2 3; do
             $REHOME run plan.json --yes > last 2>&1; after=$?
             [ $after = 11 ] || break
             move=$($REHOME status --query 'moves[0].run' | tr -d '\"')
             for step in $($REHOME status --query \"moves[].waiting_for[?kind=='by-hand'].step | []\" | tr -d '[]\", ')
             do $REHOME ack $move:$step --note 'a test' > /dev/null; done
         done
         $REHOME audit verify > /dev/null; sound_after=$?
         echo codes $full $sound $fuller $after $sound_after",
    );
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("is full").count(), 2, "it says what is wrong: {said}");
    assert!(said.contains("codes 1 0 1 0 0"), "{said}");
}

#[test]
fn a_file_that_may_not_grow_stops_the_run_and_nothing_is_lost() {
    let (_azure, rehome) = approved();
    let size = std::fs::metadata(rehome.path("rehome.db")).expect("the log").len();
    // A shell counts in blocks of 512 bytes.
    let blocks = size / 512 + 8;
    let text = format!("trap '' XFSZ; ulimit -f {blocks}; exec $REHOME run plan.json --yes");
    let (code, said) = script(&rehome, &["env"], &text);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("state") && said.contains("next"), "what was left, and what to do: {said}");
    rehome.say(&["audit", "verify"]).expect(0);
    assert_eq!(rehome.run_with_people(), 0);
    rehome.say(&["audit", "verify"]).expect(0);
}
