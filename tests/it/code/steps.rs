//! What a scan found becomes steps of the plan, and a later scan is evidence that they are done, or that they are not.

use crate::code::{CLIENT, repository};
use crate::support::azure::example;
use crate::support::estates::signed_in;
use crate::support::rehome::{Rehome, text};
use serde_json::Value;

/// The smallest batch, planned and approved with a scan of the repository of the samples.
fn planned_with_a_scan() -> (crate::support::azure::Azure, Rehome) {
    let (azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    repository(&rehome, "shop");
    rehome.say(&["scan", "shop", "-f", "batch.toml", "--save", "scan.json"]).expect(0);
    rehome.say(&["plan", "-f", "batch.toml", "--scan", "scan.json", "--save", "plan.json"]).expect(0);
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    (azure, rehome)
}

/// The steps of the plan that are about code, each as its number and title.
fn of_code(rehome: &Rehome) -> Vec<(String, String)> {
    let plan = std::fs::read(rehome.path("plan.json")).expect("the plan");
    let plan: Value = serde_json::from_slice(&plan).expect("JSON");
    let steps = plan["moves"][0]["plan"]["steps"].as_array().expect("steps").iter();
    let steps = steps.map(|step| (text(&step["id"]).to_owned(), text(&step["title"]).to_owned()));
    steps.filter(|(_, title)| title.starts_with("code of ")).collect()
}

#[test]
fn each_owner_of_code_has_a_step_in_the_plan_and_what_was_scanned_is_no_longer_unseen() {
    let (_azure, rehome) = planned_with_a_scan();
    let titles: Vec<String> = of_code(&rehome).into_iter().map(|(_, title)| title).collect();
    let wanted = [
        "code of shop (@contoso/platform): 4 places name OLD",
        "code of shop (@contoso/shop): 17 places name OLD",
    ];
    assert_eq!(titles, wanted);
    let shown = rehome.say(&["show", "plan.json"]).expect(0).out;
    for part in
        ["infra/main.tf:12:20", "W392", "shop: infra/identity.tf:2", "scan.json", "scanned: shop, 18 files"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("code, images, pipelines, secrets and Terraform"), "{shown}");
    // The same is planned again by whoever runs it, and who changes a place in the file is found out.
    let plan = std::fs::read_to_string(rehome.path("plan.json")).expect("the plan");
    std::fs::write(rehome.path("forged.json"), plan.replace("infra/main.tf", "infra/none.tf"))
        .expect("written");
    rehome.say(&["show", "forged.json"]).expect(2);
    // A scan of the log says whose step a place is.
    let scan = rehome.json(&["scan", "shop"]);
    let steps = of_code(&rehome);
    for found in scan["found"].as_array().expect("a list") {
        let of = if text(&found["owner"]) == "@contoso/platform" { &steps[0].0 } else { &steps[1].0 };
        assert!(text(&found["step"]).ends_with(&format!(":{of}")), "{found}");
    }
}

#[test]
fn a_step_of_code_is_done_when_a_new_scan_finds_no_old_id_and_not_before() {
    let (_azure, rehome) = planned_with_a_scan();
    let root = rehome.path("shop");
    assert_eq!(rehome.say(&["run", "plan.json", "--yes"]).code, 11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    let steps = of_code(&rehome);
    let (platform, shop) = (format!("{run}:{}", steps[0].0), format!("{run}:{}", steps[1].0));
    let others = |status: &Value| -> Vec<String> {
        let waits = status["moves"][0]["waiting_for"].as_array().expect("waits").iter();
        let by_hand = waits
            .filter(|wait| wait["kind"] == "by-hand")
            .map(|wait| format!("{run}:{}", text(&wait["step"])));
        by_hand.filter(|step| *step != platform && *step != shop).collect()
    };
    // Hosts that people switch come before the code.
    for _ in 0..10 {
        let open = others(&rehome.json(&["status"]));
        if open.is_empty() {
            break;
        }
        for step in open {
            rehome.say(&["ack", &step, "--note", "done"]).expect(0);
        }
        rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    }
    rehome.say(&["ack", &platform, "--note", "x", "--scan", "scan.json"]).expect(14);
    rehome.say(&["scan", "shop", "--save", "after.json"]).expect(14);
    let said = rehome.say(&["ack", &platform, "--note", "x", "--scan", "after.json"]).expect(14);
    assert!(said.err.contains("shop: infra/main.tf:12:20 still has an old id"), "{}", said.err);
    let said = rehome.say(&["verify", "--scan", "after.json"]).expect(14);
    assert!(
        said.out.contains("DIFFERS  code: shop: infra/main.tf:12:20 still has an old id"),
        "{}",
        said.out
    );
    // The team takes the patch, and writes the new group where name and group stand apart.
    std::fs::create_dir(rehome.path("patches")).expect("made");
    rehome.say(&["scan", "shop", "--patch", "patches"]).expect(14);
    crate::code::git(&root, &["apply", rehome.path("patches/shop.patch").to_str().expect("a plain path")]);
    let main = std::fs::read_to_string(root.join("infra/main.tf")).expect("text");
    std::fs::write(root.join("infra/main.tf"), main.replace("rg-shop-weu", "rg-shop-sdc")).expect("written");
    rehome.say(&["scan", "shop", "--save", "after.json"]).expect(14);
    rehome.say(&["ack", &platform, "--note", "PR 812", "--scan", "after.json"]).expect(0);
    let said = rehome.say(&["ack", &shop, "--note", "x", "--scan", "after.json"]).expect(14);
    assert!(said.err.contains("src/Program.cs:1:18"), "{}", said.err);
    let history = rehome.say(&["history", &run]).expect(0).out;
    assert!(history.contains("PR 812 [scan after.json of "), "{history}");
    // A scan that has not read everything, or not this repository, shows nothing.
    let after = std::fs::read_to_string(rehome.path("after.json")).expect("the scan");
    let mut scan: Value = serde_json::from_str(&after).expect("JSON");
    scan["found"] = Value::Array(Vec::new());
    scan["repositories"][0]["unread"] = 1.into();
    std::fs::write(rehome.path("part.json"), scan.to_string()).expect("written");
    assert!(
        rehome
            .say(&["ack", &shop, "--note", "x", "--scan", "part.json"])
            .expect(14)
            .err
            .contains("could not be read")
    );
    scan["repositories"] = Value::Array(Vec::new());
    std::fs::write(rehome.path("part.json"), scan.to_string()).expect("written");
    assert!(
        rehome
            .say(&["ack", &shop, "--note", "x", "--scan", "part.json"])
            .expect(14)
            .err
            .contains("was not scanned")
    );
    rehome.say(&["ack", &shop, "--note", "x", "--scan", "plan.json"]).expect(2);
}

#[test]
fn a_scan_of_other_ids_makes_no_plan() {
    let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    repository(&rehome, "shop");
    rehome.say(&["scan", "shop", "-f", "batch.toml", "--save", "scan.json"]).expect(0);
    let scan = std::fs::read_to_string(rehome.path("scan.json")).expect("the scan");
    std::fs::write(rehome.path("scan.json"), scan.replace(CLIENT, "0a1b2c3d-1111-4000-8000-00000000c1d9"))
        .expect("written");
    rehome.say(&["plan", "-f", "batch.toml", "--scan", "scan.json", "--save", "plan.json"]).expect(2);
}
