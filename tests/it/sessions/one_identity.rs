//! One identity: planned with what the team's own code names, approved, moved, its code changed, verified, cleaned up.

use super::typed;
use crate::code::{git, repository};
use crate::support::azure::example;
use crate::support::estates::signed_in;
use crate::support::rehome::{Rehome, text};
use serde_json::Value;
use std::path::Path;

/// The steps that wait for a person now, as `m-7f3k12:15`.
fn open(rehome: &Rehome) -> Vec<String> {
    let status: Value = rehome.json(&["status"]);
    let one = &status["moves"][0];
    let waits = one["waiting_for"].as_array().into_iter().flatten().filter(|wait| wait["kind"] == "by-hand");
    waits.map(|wait| format!("{}:{}", text(&one["run"]), text(&wait["step"]))).collect()
}

/// What the page of the plan has, from top to bottom.
const PLAN: &[&str] = &[
    "from  /subscriptions/",
    "CREATE",
    "+ identity rg-shop-sdc/id-shop (1 tag, isolation None)",
    "w until Entra knows the new principal (typical < 2 min)",
    "GRANT",
    "+ Reader on rg-shop-weu",
    "+ member of group grp-shop-readers",
    "+ federated credential gh-main",
    "RE-POINT",
    "~ vm-batch: swap [old] -> [NEW]",
    "~ app-shop: AZURE_CLIENT_ID old -> NEW",
    "H GitHub contoso/shop: client id that its workflows sign in with",
    "H code of shop (@contoso/platform): 4 places name OLD",
    "infra/main.tf:12:20  resource id, Terraform",
    "CHECK",
    "SOAK",
    "CLEAN-UP",
    "G clean-up needs its own approval",
    "identity rg-shop-weu/id-shop: POINT OF NO RETURN",
    "Warnings",
    "W203",
    "Cannot see",
    "C1 ",
    "C2 ",
    "(scanned: shop, 18 files)",
    "Reversible up to the deletion of the old identity.",
    "next: rehome approve plan.json --reason TEXT",
];

/// What the team's owner changes by hand: what stands apart, is declared, or is compared.
fn merge_by_hand(rehome: &Rehome, root: &Path) {
    let new = rehome.json(&["handoff"])["moves"][0]["new"].clone();
    for file in [
        "infra/main.tf",
        "infra/app.bicep",
        "infra/azuredeploy.json",
        "azure-pipelines.yml",
        "infra/terraform.tfstate",
        "k8s/export.json",
        "src/Program.cs",
        "src/link.txt",
        ".env",
    ] {
        let path = root.join(file);
        let text_of = std::fs::read_to_string(&path).expect("text").replace("rg-shop-weu", "rg-shop-sdc");
        std::fs::write(&path, text_of.replace(crate::code::CLIENT, text(&new["client_id"])))
            .expect("written");
    }
}

#[test]
fn an_identity_is_moved_with_its_code_and_every_screen_says_what_comes_next() {
    let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), None);
    let root = repository(&rehome, "shop");
    typed(
        &rehome,
        "scan shop -f batch.toml --save scan.json",
        0,
        &["DECLARED, Terraform, name", "1 of 1 identity named in"],
    );
    typed(&rehome, "plan -f batch.toml --scan scan.json --save plan.json", 0, PLAN);
    typed(
        &rehome,
        "approve plan.json --reason CHG0041237 --yes",
        0,
        &["approved: batch minimal, 1 move", "next: rehome run plan.json"],
    );
    typed(
        &rehome,
        "run plan.json --yes",
        11,
        &["needs-person", "BY-HAND GitHub contoso/shop", "rehome ack m-"],
    );
    for step in open(&rehome) {
        let shown = rehome.say(&["show", &step]).expect(0).out;
        let is_github = shown.contains("gh secret set AZURE_CLIENT_ID --repo contoso/shop --body ");
        if is_github {
            rehome.say(&["ack", &step, "--note", "set, and ran once"]).expect(0);
        } else {
            assert!(shown.contains("rehome scan FOLDER --patch PATCHES"), "{shown}");
        }
    }
    // What the team's owner merges: the patch, and the rest by hand.
    std::fs::create_dir(rehome.path("patches")).expect("made");
    typed(&rehome, "scan shop --patch patches", 14, &["replace", "by hand: "]);
    git(&root, &["apply", rehome.path("patches/shop.patch").to_str().expect("a plain path")]);
    merge_by_hand(&rehome, &root);
    typed(&rehome, "scan shop --save after.json", 0, &["1 of 1 identity named in", "18 files"]);
    let mut left = open(&rehome);
    assert_eq!(left.len(), 2, "{left:?}");
    left.insert(0, "ack".to_owned());
    left.extend(["--note", "PR 812", "--scan", "after.json"].map(ToOwned::to_owned));
    rehome.say(&left.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
    typed(
        &rehome,
        "run plan.json --yes",
        0,
        &["awaiting-cleanup", "next: rehome cleanup minimal --confirm minimal"],
    );
    typed(
        &rehome,
        "verify --scan after.json",
        0,
        &["as planned: 13 of 13", "Not a promise that the workload works"],
    );
    typed(&rehome, "cleanup minimal --dry-run", 0, &["id-shop"]);
    let ended = rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal"]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    typed(&rehome, "status", 0, &["done", "id-shop"]);
    typed(&rehome, "audit verify", 0, &[]);
}
