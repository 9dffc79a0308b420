//! Promise 5: only ours is touched. Somebody else's change stops the step and is shown.

use crate::scale::estate::{self, Size};
use crate::support::azure::{Azure, example};
use crate::support::estates::{approved, signed_in};
use crate::support::rehome::{Rehome, text};
use serde_json::json;

const SITE: &str = "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/Microsoft.Web/sites/app-shop";

#[test]
fn a_world_that_changed_since_the_plan_makes_the_move_stale_and_nothing_is_written() {
    let (azure, mut rehome) = approved();
    // What somebody did meanwhile: the identity has other tags.
    let estate = azure.estate().to_string();
    assert!(estate.contains(r#""team":"shop""#));
    std::fs::write(rehome.path("later.json"), estate.replace(r#""team":"shop""#, r#""team":"other""#))
        .expect("written");
    let later = Azure::serve(&rehome.path("later.json"), None);
    rehome.turn_to(&later);
    rehome.say(&["run", "plan.json", "--yes"]).expect(13);
    for command in [&["status"][..], &["status", "minimal"]] {
        let status = rehome.say(command).expect(0).out;
        assert!(status.contains("stale"), "{status}");
        let changed = status.lines().find(|line| line.contains(" CHANGED ")).expect("what changed");
        let sides = changed.split_once(" when it was planned, ").expect("before and now");
        assert!(sides.0.contains(r#""team":"shop""#) && sides.1.contains(r#""team":"other""#), "{changed}");
    }
    let changed = rehome.json(&["status"])["moves"][0]["changed"][0].clone();
    assert!(
        text(&changed["expected"]).contains("shop") && text(&changed["found"]).contains("other"),
        "{changed}"
    );
    let shown = rehome.say(&["show", text(&rehome.json(&["status"])["moves"][0]["run"])]).expect(0).out;
    assert!(shown.contains("  stale  ") && shown.contains("when it was to begin"), "{shown}");
    assert!(later.requests().iter().all(|r| r["changed"] == false));
}

#[test]
fn one_identity_that_changed_is_stale_by_itself_and_the_other_moves() {
    let mut rehome = Rehome::offline();
    let size = Size { identities: 2, unrelated: 0, together: 1_000, sites: 1 };
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
    std::fs::write(rehome.path("estate.json"), estate::estate(size, &settings).to_string()).expect("written");
    let batch = estate::batch(size);
    std::fs::write(rehome.path("batch.toml"), &batch).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    rehome.approve(&rehome.path("batch.toml"));
    let changed = batch.lines().find_map(|line| line.strip_prefix("id = ")).expect("an id").trim_matches('"');
    let tags = json!({"tags": {"team": "another"}});
    azure.write("PATCH", &format!("{changed}?api-version=2023-01-31"), &tags);
    rehome.say(&["run", "plan.json", "--yes"]).expect(13);
    while rehome.acknowledge() {
        rehome.say(&["run", "plan.json", "--yes"]).expect(13);
    }
    let status = rehome.json(&["status"]);
    for one in status["moves"].as_array().expect("moves") {
        let is_changed = text(&one["identity"]).eq_ignore_ascii_case(changed);
        let wanted = if is_changed { "stale" } else { "awaiting-cleanup" };
        assert_eq!(one["state"], wanted, "{one}");
        assert_eq!(one["changed"].is_null(), !is_changed, "{one}");
        assert!(!is_changed || text(&one["changed"][0]["found"]).contains("another"), "{one}");
    }
}

#[test]
fn a_way_back_that_ends_in_another_world_than_it_began_with_says_where_and_is_no_success() {
    let (azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    rehome.approve(&rehome.path("batch.toml"));
    assert_eq!(rehome.run_with_people(), 0);
    let theirs = json!({"identity": {"type": "None"}});
    azure.write("PATCH", &format!("{SITE}?api-version=2024-04-01"), &theirs);
    let said = rehome.say_with_people(&["rollback", "minimal", "--reason", "a test", "--yes"]).expect(10);
    assert!(said.out.contains("DIFFERS") && said.out.contains("app-shop"), "{}", said.out);
    assert!(said.err.contains("rehome show"), "{}", said.err);
    let status = rehome.json(&["status"]);
    assert_eq!(status["moves"][0]["state"], "rolled-back");
    assert!(text(&status["moves"][0]["differs"][0]["fact"]).contains("app-shop"), "{status}");
}
