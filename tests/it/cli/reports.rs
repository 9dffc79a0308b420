//! A plan for a change board, and what two plans say differently.

use crate::scale::estate::{self, Size};
use crate::support::azure::{Azure, example};
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

const HOSTILE: &str = "</td><script>alert('x')</script>\u{202e}";

/// The smallest batch, whose identity belongs to somebody with this name.
fn planned(owner: &str) -> (Azure, Rehome) {
    let mut rehome = Rehome::offline();
    for file in ["batch.toml", "estate.json"] {
        std::fs::copy(example("minimal").join(file), rehome.path(file)).expect("copied");
    }
    let azure = serve(&mut rehome, owner);
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    (azure, rehome)
}

fn serve(rehome: &mut Rehome, owner: &str) -> Azure {
    let estate = std::fs::read_to_string(rehome.path("estate.json")).expect("an estate");
    let mut estate: Value = serde_json::from_str(&estate).expect("JSON");
    let all = estate["arm"].as_array_mut().expect("resources").iter_mut();
    for identity in all.filter(|o| o["type"] == "Microsoft.ManagedIdentity/userAssignedIdentities") {
        identity["tags"]["Owner"] = json!(owner);
    }
    std::fs::write(rehome.path("estate.json"), estate.to_string()).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    azure
}

#[test]
fn a_change_board_reads_what_a_plan_does_on_one_page_that_loads_nothing_and_lets_nothing_in() {
    let (_azure, rehome) = planned(HOSTILE);
    let plan: Value =
        serde_json::from_str(&std::fs::read_to_string(rehome.path("plan.json")).expect("a plan"))
            .expect("JSON");
    let said = rehome.say(&["report", "--plan", "plan.json", "--html", "plan.html"]).expect(0);
    let html = std::fs::read_to_string(rehome.path("plan.html")).expect("a page");
    let report = &rehome.json(&["report", "--plan", "plan.json"])["report"];
    let entry = &plan["moves"][0];
    let target = text(&entry["about"]["target"]);
    assert!(said.out.contains("-> rg-shop-sdc/id-shop: ") && html.contains(target), "{}", said.out);
    for part in [text(&plan["digest"]), "self-declared", "tester@contoso.example"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
        assert!(html.contains(part), "{part}: {html}");
    }
    // Nothing of the plan is missing, and every number is its own.
    let steps = entry["plan"]["steps"].as_array().expect("steps");
    let many = |phase: &str, node: &str| {
        steps.iter().filter(|s| s["phase"] == phase && !s["node"][node].is_null()).count()
    };
    assert_eq!(report["counts"]["changes"], json!(many("forward", "act")));
    assert_eq!(report["counts"]["removals"], json!(many("clean_up", "act")));
    let by_hand: Vec<&Value> = steps.iter().filter(|s| !s["node"]["by_hand"].is_null()).collect();
    assert_eq!(report["counts"]["by_hand"], json!(by_hand.len()));
    assert!(!by_hand.is_empty() && !entry["about"]["warnings"].as_array().expect("warnings").is_empty());
    let shown: usize = report["by_hand"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|r| r["steps"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(shown, by_hand.len());
    for list in ["warnings", "cannot_see"] {
        for notice in entry["about"][list].as_array().expect("notices") {
            let code = text(&notice["code"]);
            let kept =
                report["notices"].as_array().expect("notices").iter().any(|n| text(&n["code"]) == code);
            assert!(kept && said.out.contains(code) && html.contains(code), "{code}");
        }
    }
    assert_eq!(report["by_hand"][0]["owners"], json!([HOSTILE]));
    // A soak of an hour, and the ten minutes until grants act.
    let least = &report["at_least"];
    assert!(least["through_ms"].as_u64() >= Some(600_000), "{least}");
    assert!(least["soaked_ms"].as_u64() >= Some(4_200_000), "{least}");
    assert!(
        rehome.say(&["show", "plan.json"]).expect(0).out.contains("Takes at least "),
        "the plan says it too"
    );

    assert!(html.starts_with("<!doctype html>") && html.contains("default-src 'none'"), "{html}");
    for way in ["<script", "src=", "href=", "http-equiv=\"refresh", "@import", "url(", "\u{202e}"] {
        assert!(!html.contains(way), "{way}: {html}");
    }
    assert!(html.contains("&lt;script&gt;"), "{html}");
    assert!(!said.out.contains('\u{202e}'), "{}", said.out);
    rehome.say(&["report", "--plan", "plan.json", "--html", "plan.html"]).expect(0);
    let refused = rehome.say(&["report", "--plan", "plan.json", "--html", "batch.toml"]).expect(2).err;
    assert!(refused.contains("never replaces one"), "{refused}");
}

#[test]
fn two_plans_differ_by_what_came_went_and_changed_and_not_by_their_dates() {
    let (_azure, mut rehome) = planned("shop");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "same.json"]).expect(0);
    let said = rehome.say(&["diff", "plan.json", "same.json"]).expect(0).out;
    assert_eq!(said.trim(), "no difference: 0 identities changed, 0 came, 0 went; 1 the same");
    let _later = serve(&mut rehome, "somebody else");
    let batch = std::fs::read_to_string(rehome.path("batch.toml")).expect("a batch");
    let batch = batch.replace("soak = \"1h\"", "soak = \"2h\"");
    std::fs::write(rehome.path("batch.toml"), &batch).expect("written");
    rehome.say(&["plan", "-f", "batch.toml", "--save", "later.json"]).expect(0);
    let said = rehome.say(&["diff", "plan.json", "later.json"]).expect(14).out;
    assert!(
        said.contains("\"Owner\":\"shop\"")
            && said.contains("\"Owner\":\"somebody else\"")
            && said.contains("soak_ms: 3600000 -> 7200000"),
        "{said}"
    );
    let diff = rehome.say(&["diff", "plan.json", "later.json", "-o", "json"]).expect(14).out;
    let diff: Value = serde_json::from_str(&diff).expect("JSON");
    let changed = &diff["diff"]["changed"][0];
    assert_eq!(
        (changed["facts"].as_array().map(Vec::len), &diff["differ"]),
        (Some(1), &json!(true)),
        "{diff}"
    );
    assert!(
        !changed["steps_changed"].as_array().expect("steps").is_empty(),
        "the new one gets other tags: {diff}"
    );
    let back = rehome.say(&["diff", "later.json", "plan.json"]).expect(14).out;
    let at = |owner: &str| back.find(&format!("\"Owner\":\"{owner}\"")).expect("it is said");
    assert!(at("somebody else") < at("shop"), "{back}");
    let none = rehome.say(&["diff", "plan.json", "batch.toml"]).expect(2).err;
    assert!(none.contains("batch file"), "{none}");
}

#[test]
fn what_a_plan_leaves_out_is_on_the_page_and_identities_that_came_or_went_are_told_apart() {
    let mut rehome = Rehome::offline();
    let size = Size { identities: 2, unrelated: 0, together: 1_000, sites: 1 };
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
    std::fs::write(rehome.path("estate.json"), estate::estate(size, &settings).to_string()).expect("written");
    let batch = estate::batch(size);
    let parts: Vec<&str> = batch.split("[[identity]]").collect();
    let [head, first, second] = parts[..] else { panic!("{batch}") };
    let id = |row: &str| row.split('"').nth(1).expect("an id").to_owned();
    let (gone, waves) =
        (first.replace("userAssignedIdentities/", "userAssignedIdentities/no-"), "[[wave]]\nname = \"w\"\n");
    let azure = Azure::serve(&rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    for (name, rows, code) in [
        ("first.json", format!("{head}[[identity]]{first}"), 0),
        ("both.json", format!("{head}{waves}[[identity]]{first}[[identity]]{second}"), 0),
        ("part.json", format!("{head}[[identity]]{gone}[[identity]]{second}"), 10),
    ] {
        std::fs::write(rehome.path("batch.toml"), rows).expect("written");
        rehome.say(&["plan", "-f", "batch.toml", "--save", name]).expect(code);
    }
    let said = rehome.say(&["report", "--plan", "part.json", "--html", "part.html"]).expect(0).out;
    let html = std::fs::read_to_string(rehome.path("part.html")).expect("a page");
    for page in [&said, &html] {
        assert!(
            page.contains(&id(&gone)) && page.contains("B100") && page.contains("1 identity left out"),
            "{page}"
        );
    }
    let diff = |before: &str, after: &str| {
        let said = rehome.say(&["diff", before, after, "-o", "json"]).expect(14).out;
        serde_json::from_str::<Value>(&said).expect("JSON")["diff"].clone()
    };
    let came = diff("first.json", "both.json");
    assert_eq!((&came["came"], &came["went"]), (&json!([id(second)]), &json!([])), "{came}");
    assert_eq!(came["changed"][0]["asked"][0]["fact"], "wave", "{came}");
    let other = diff("first.json", "part.json");
    assert_eq!((&other["came"], &other["went"]), (&json!([id(second)]), &json!([id(first)])), "{other}");
    let facts: Vec<&str> =
        other["batch"].as_array().expect("facts").iter().map(|one| text(&one["fact"])).collect();
    assert_eq!(facts, ["file batch.toml", "left out"], "{other}");
}

#[test]
fn an_auditor_reads_who_did_what_and_what_was_out_of_the_ordinary_on_one_page_and_in_tables_that_add_up() {
    let (_azure, rehome) = planned(HOSTILE);
    rehome.say(&["approve", "plan.json", "--reason", "change 4711", "--yes"]).expect(0);
    let early = rehome.json(&["report", "minimal"]);
    assert_eq!(early["report"]["duties"][1]["held"], "not_yet", "{early}");
    rehome.say(&["run", "plan.json", "--yes"]).expect(11);
    let run = text(&rehome.json(&["status"])["moves"][0]["run"]).to_owned();
    rehome.say(&["rollback", &run, "--reason", "the owner asked for it", "--yes"]).expect(0);
    let said = rehome.say(&["report", "minimal", "--save", "report"]).expect(0);
    let kept = |name: &str| std::fs::read_to_string(rehome.path(&format!("report/{name}"))).expect(name);
    let report: Value = serde_json::from_str(&kept("report.json")).expect("JSON");
    let report = &report["report"];
    assert_eq!(*report, rehome.json(&["report", "minimal"])["report"], "the same log is the same report");
    let counted: u64 = report["counts"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    let population = report["population"].as_array().expect("rows");
    assert_eq!(counted as usize, population.len(), "{report}");
    // Everything that was begun is there, with what it is known by in Azure, and its undo.
    let history = rehome.json(&["history"]);
    let began =
        history["events"].as_array().expect("events").iter().filter(|event| event["kind"] == "began").count();
    let changes = report["changes"].as_array().expect("rows");
    assert_eq!(changes.len(), began);
    assert!(changes.iter().any(|row| row["act"] == "undo" && row["outcome"] == "done"), "{changes:?}");
    assert!(
        changes.iter().all(|row| text(&row["correlation_id"]).len() == 36 && row["undo"] != ""),
        "{changes:?}"
    );
    let kinds: Vec<&str> =
        report["exceptions"].as_array().expect("rows").iter().map(|one| text(&one["kind"])).collect();
    assert!(kinds.contains(&"taken back by a person"), "{kinds:?}");
    // What was taken back is not there any more, whatever was compared before.
    assert!(said.out.contains("WHO MAY DO WHAT NOW"), "{}", said.out);
    let access = report["access"].as_array().expect("rows");
    assert!(
        access.iter().all(|row| row["move"] == *run) && access.iter().any(|row| row["new"] != row["before"])
    );
    // One person did everything, and nobody signed.
    let held: Vec<&str> =
        report["duties"].as_array().expect("rows").iter().map(|duty| text(&duty["held"])).collect();
    assert_eq!(held[..4], ["no", "self_declared", "no", "no"], "{report}");
    assert!(
        said.out.contains("tester@contoso.example did both") && said.out.contains("nothing here proves"),
        "{}",
        said.out
    );
    let proved = report["checks"]
        .as_array()
        .expect("rows")
        .iter()
        .any(|row| row["holds"] == true && text(&row["what"]).contains("before the first step"));
    assert!(proved, "what was taken back was compared: {report}");
    let html = kept("report.html");
    for way in ["<script", "src=", "href=", "http-equiv=\"refresh", "@import", "url(", "\u{202e}"] {
        assert!(!html.contains(way), "{way}");
    }
    assert!(
        html.contains("&lt;script&gt;") && html.contains("default-src 'none'") && html.contains("did both")
    );
    assert_eq!(kept("population.csv").lines().count(), population.len() + 1);
    assert_eq!(kept("changes.csv").lines().count(), changes.len() + 1);
    for name in ["approvals.csv", "exceptions.csv", "checks.csv", "statement.dsse.json"] {
        assert!(!kept(name).is_empty(), "{name}");
    }
    rehome.say(&["report", "minimal", "--save", "report"]).expect(2);
    rehome.say(&["report", "minimal", "--html", "page.html"]).expect(0);
    rehome.say(&["report", "--plan", "plan.json", "--html", "page.html"]).expect(2);
    rehome.say(&["report"]).expect(2);
    rehome.say(&["report", "nobody"]).expect(3);
}
