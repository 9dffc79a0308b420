//! A plan and a snapshot are written where nothing else is lost by it.

use crate::support::azure::{Azure, example};
use crate::support::rehome::Rehome;

#[test]
fn a_plan_replaces_a_plan_and_a_snapshot_a_snapshot_and_neither_anything_else() {
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    for name in ["batch.toml", "estate.json"] {
        std::fs::copy(example("minimal").join(name), rehome.path(name)).expect("copied");
    }
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    let (plan, snapshot) =
        (["plan", "-f", "batch.toml", "--save"], ["discover", "-f", "batch.toml", "--snapshot"]);
    rehome.say(&[&snapshot[..], &["snapshot.json"]].concat()).expect(0);
    std::fs::write(rehome.path("notes.txt"), "mine").expect("written");
    std::fs::write(rehome.path("empty"), "").expect("written");
    std::fs::create_dir(rehome.path("folder")).expect("made");
    #[cfg(unix)]
    for (to, link) in [("rehome.db", "link-to-log"), ("nowhere", "link-to-nothing")] {
        std::os::unix::fs::symlink(rehome.path(to), rehome.path(link)).expect("linked");
    }
    let read = |name: &str| std::fs::read(rehome.path(name)).ok();
    let refused = [
        "rehome.db",
        "rehome.db.anchor",
        "rehome.db.key",
        "rehome.db-wal",
        "batch.toml",
        "estate.json",
        "notes.txt",
        "empty",
        "folder",
        "link-to-log",
        "link-to-nothing",
        "none/file.json",
        "/dev/null",
    ];
    let asked = azure.requests().len();
    for (command, other) in [(plan, "snapshot.json"), (snapshot, "plan.json")] {
        for name in refused.into_iter().chain([other]) {
            let before = read(name);
            let said = rehome.say(&[&command[..], &[name]].concat());
            assert!(matches!(said.code, 1 | 2), "{command:?} {name}: {}", said.err);
            for part in [name, "nothing was changed", "next    name "] {
                assert!(said.err.contains(part), "{command:?} {name}: {}", said.err);
            }
            assert_eq!(read(name), before, "{command:?} {name}");
        }
    }
    assert_eq!(azure.requests().len(), asked, "Azure was not asked anything");
    rehome.say(&["audit", "verify"]).expect(0);
    rehome.say(&[&plan[..], &["plan.json"]].concat());
    rehome.say(&[&snapshot[..], &["snapshot.json"]].concat()).expect(0);
    let names = std::fs::read_dir(rehome.path(".")).expect("the folder");
    let partial =
        names.filter(|f| f.as_ref().expect("a file").path().extension().is_some_and(|e| e == "partial"));
    assert_eq!(partial.count(), 0, "nothing is left beside");
}

#[cfg(unix)]
#[test]
fn plans_and_snapshots_are_for_their_owner_only_also_behind_a_link() {
    use std::os::unix::fs::PermissionsExt;
    let azure = Azure::serve(&example("minimal").join("estate.json"), None);
    let rehome = Rehome::at(&azure);
    let batch = example("minimal").join("batch.toml");
    let batch = batch.to_str().expect("a plain path");
    rehome.say(&["plan", "-f", batch, "--save", "first.json"]).expect(0);
    rehome.say(&["discover", "-f", batch, "--snapshot", "estate.json"]).expect(0);
    std::os::unix::fs::symlink(rehome.path("first.json"), rehome.path("plan.json")).expect("linked");
    let before = std::fs::read(rehome.path("first.json")).expect("a plan");
    rehome.say(&["plan", "-f", batch, "--save", "plan.json"]).expect(0);
    assert!(
        std::fs::symlink_metadata(rehome.path("plan.json")).expect("there").is_symlink(),
        "a link stays one"
    );
    assert_ne!(
        std::fs::read(rehome.path("first.json")).expect("a plan"),
        before,
        "what it leads to was replaced"
    );
    for name in ["first.json", "estate.json"] {
        let mode = std::fs::metadata(rehome.path(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
