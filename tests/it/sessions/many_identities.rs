//! Many identities in waves: planned for a change board, approved elsewhere by two people, one that fails in the middle of a
//! wave and is taken back, an incident, a wave that somebody releases, and the clean-up. Few by day; by night
//! (`REHOME_NIGHT=1`) three hundred.

use super::typed;
use crate::cli::approvals::{import, people, sign};
use crate::scale::estate::{self, Size};
use crate::support::azure::Azure;
use crate::support::rehome::{Rehome, text};
use serde_json::{Value, json};

/// How many identities each wave has: the first, the second, and all that are left, of which one cannot move.
struct Sizes {
    canary: u64,
    internal: u64,
    business: u64,
}

impl Sizes {
    fn today() -> Self {
        match std::env::var_os("REHOME_NIGHT") {
            None => Self { canary: 2, internal: 4, business: 11 },
            Some(_) => Self { canary: 5, internal: 45, business: 250 },
        }
    }

    fn all(&self) -> u64 {
        self.canary + self.internal + self.business
    }
}

/// The waves, and what becomes of one in which a move fails.
fn batch(sizes: &Sizes, size: Size) -> String {
    let Sizes { canary, internal, .. } = sizes;
    let keys = "approvers = \"approvers.toml\"\non_failure = \"pause-wave\"\nparallel = 8\nsoak =";
    let waves = format!(
        "[[wave]]\nname = \"canary\"\nsize = {canary}\n\
         [[wave]]\nname = \"internal\"\nsize = {internal}\nafter = \"1h\"\n\
         [[wave]]\nname = \"business\"\nrelease = \"by-hand\"\n[budget]\nwave = 3\n"
    );
    let batch = estate::batch(size).replacen("soak =", keys, 1);
    batch.replacen("[[identity]]", &format!("{waves}[[identity]]"), 1)
}

/// The last identity may not leave its region, and the last one of the second wave is refused where it goes.
fn stage(sizes: &Sizes) -> Option<(Azure, Rehome)> {
    let mut rehome = Rehome::offline();
    if !people(&rehome, &["jonas", "lena"], "[needed]\ncleanup = 2") {
        return None;
    }
    let size = Size { identities: sizes.all(), unrelated: 0, together: 1_000, sites: 1 };
    let settings = json!({"throttling": false, "principal_delay_s": 0, "index_delay_s": 0, "operation_s": 1});
    let mut world = estate::estate(size, &settings);
    let last = format!("id-{}", sizes.all() - 1);
    let identity = world["arm"].as_array_mut().into_iter().flatten().find(|one| one["name"] == last.as_str());
    identity.expect("an identity")["properties"]["isolationScope"] = json!("Regional");
    let refused = format!(
        "/resourceGroups/rg-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{}",
        sizes.canary + sizes.internal - 1
    );
    let rule = json!({"host": "arm", "method": "PUT", "path": refused,
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}});
    std::fs::write(rehome.path("estate.json"), world.to_string()).expect("written");
    std::fs::write(rehome.path("faults.json"), json!({"rules": [rule]}).to_string()).expect("written");
    std::fs::write(rehome.path("batch.toml"), batch(sizes, size)).expect("written");
    let azure = Azure::serve(&rehome.path("estate.json"), Some(&rehome.path("faults.json")));
    rehome.turn_to(&azure);
    Some((azure, rehome))
}

/// Runs, doing what people would do by hand, until nothing is left to do for them.
fn run(rehome: &Rehome) -> i32 {
    with_people(rehome, &["run", "plan.json", "--yes"])
}

/// The same with any command, whatever ended otherwise meanwhile.
fn with_people(rehome: &Rehome, arguments: &[&str]) -> i32 {
    loop {
        let code = rehome.say(arguments).code;
        let query = "moves[].[run, waiting_for[?kind=='by-hand'].step]";
        let open = rehome.json(&["status", "--query", query]);
        let open = open.as_array().into_iter().flatten().flat_map(|one| {
            let steps = one[1].as_array().into_iter().flatten();
            steps.map(|step| format!("{}:{}", text(&one[0]), text(step))).collect::<Vec<_>>()
        });
        let open: Vec<String> = open.collect();
        if open.is_empty() {
            return code;
        }
        let all = ["ack"].into_iter().chain(open.iter().map(String::as_str)).chain(["--note", "done"]);
        rehome.say(&all.collect::<Vec<_>>()).expect(0);
    }
}

/// How many moves are in a state; that the counts add up is looked at every time.
fn count(rehome: &Rehome, state: &str) -> u64 {
    let counts = rehome.json(&["status"])["counts"].clone();
    let counts = counts.as_object().expect("counts");
    let all: u64 = counts.iter().filter(|(word, _)| *word != "total").filter_map(|(_, n)| n.as_u64()).sum();
    assert_eq!(counts["total"].as_u64(), Some(all), "{counts:?}");
    counts[state].as_u64().expect("a state")
}

/// The move that failed.
fn failed(rehome: &Rehome) -> String {
    let failed = rehome.json(&["status", "--query", "moves[?state=='failed'].run"]);
    assert_eq!(failed.as_array().map(Vec::len), Some(1), "{failed}");
    text(&failed[0]).to_owned()
}

fn planned_and_approved(rehome: &Rehome, sizes: &Sizes) {
    let moved = sizes.all() - 1;
    typed(rehome, "plan -f batch.toml --save plan.json", 10, &["Left out (1)", "isolation is Regional"]);
    let (canary, business) =
        (format!("canary: {} moves", sizes.canary), format!("business: {} moves", sizes.business - 1));
    let page: &[&str] = &[
        "WAVES",
        &canary,
        "internal: ",
        "1 h after",
        &business,
        "when somebody releases it",
        "BY HAND",
        "LEFT OUT (1)",
    ];
    typed(rehome, "report --plan plan.json --html CHG0041237.html", 0, page);
    let page = std::fs::read_to_string(rehome.path("CHG0041237.html")).expect("a page");
    assert!(page.contains("business") && page.contains("rg-sdc"), "for the ticket");
    let recorded = format!("recorded: batch scale, {moved} moves, 1 left out");
    typed(rehome, "approve plan.json --reason CHG0041237 --yes", 0, &[&recorded, "rehome approve --import"]);
    sign(rehome, "jonas", &["--scope", "wave:canary", "--scope", "wave:internal"]).expect(0);
    let said = import(rehome, "jonas").expect(0).out;
    assert!(
        said.contains("approved: batch scale: jonas@contoso.example: wave:canary, wave:internal"),
        "{said}"
    );
}

/// One of the second wave fails, the others of it stand still, and it is taken back.
fn one_fails(rehome: &Rehome, sizes: &Sizes) {
    assert_eq!(run(rehome), 10);
    assert_eq!((count(rehome, "awaiting_cleanup") >= sizes.canary, count(rehome, "failed")), (true, 1));
    let all = sizes.all() - 1;
    let total = format!("scale: {all} moves");
    let table = [
        &total,
        "wave",
        "total",
        "canary",
        "through",
        "internal",
        "stopped",
        "business",
        "later",
        "AuthorizationFailed",
    ];
    typed(rehome, "status", 0, &table);
    let one = failed(rehome);
    let rollback = format!("rehome rollback {one} --reason TEXT");
    typed(rehome, &format!("show {one}"), 0, &["AuthorizationFailed", &rollback]);
    typed(rehome, &format!("rollback {one} --reason HR-771 --yes"), 0, &["rolled-back"]);
    assert_eq!((count(rehome, "failed"), count(rehome, "rolled_back")), (0, 1));
}

/// A freeze for an incident, less at once, and on again.
fn an_incident(rehome: &Rehome) {
    typed(rehome, "pause scale --until 8h --reason INC88120", 0, &["recorded for "]);
    typed(
        rehome,
        "throttle scale --parallel 4 --share 50% --reason INC88120",
        0,
        &["recorded: at most 4 moves", "50%"],
    );
    let before = rehome.json(&["status", "--query", "sum(moves[].done)"]);
    run(rehome);
    assert_eq!(rehome.json(&["status", "--query", "sum(moves[].done)"]), before, "nothing begins in a pause");
    typed(
        rehome,
        "status",
        0,
        &["ASKED  pause scale until", "in force", "INC88120", "ASKED  throttle scale --parallel 4"],
    );
    typed(rehome, "resume scale --reason over", 0, &["recorded for "]);
    let status = rehome.json(&["status"]);
    let asked: Vec<&str> =
        status["asked"].as_array().expect("a list").iter().map(|of| text(&of["request"])).collect();
    assert_eq!(asked, ["throttle", "throttle"]);
}

#[test]
fn many_identities_go_in_waves_through_approvals_a_failure_and_an_incident_and_the_counts_add_up() {
    let sizes = Sizes::today();
    let Some((azure, rehome)) = stage(&sizes) else { return };
    planned_and_approved(&rehome, &sizes);
    one_fails(&rehome, &sizes);
    an_incident(&rehome);
    assert_eq!(run(&rehome), 10);
    assert_eq!(count(&rehome, "awaiting_cleanup"), sizes.canary + sizes.internal - 1);
    let needed =
        ["internal", "through", "business", "needs approvals", "NEEDS A PERSON: WAVE", "0 of 1 approvals"];
    typed(&rehome, "status", 0, &needed);
    sign(&rehome, "lena", &["--scope", "wave:business"]).expect(0);
    import(&rehome, "lena").expect(0);
    run(&rehome);
    typed(&rehome, "status", 0, &["business", "needs a release"]);
    typed(
        &rehome,
        "release scale --wave business --reason CAB-12",
        0,
        &["recorded: wave business is let loose"],
    );
    assert_eq!(run(&rehome), 10);
    let moved = sizes.all() - 2;
    assert_eq!((count(&rehome, "awaiting_cleanup"), count(&rehome, "rolled_back")), (moved, 1));

    typed(&rehome, "cleanup scale --dry-run", 0, &["can be cleaned up", "There is no way back"]);
    typed(
        &rehome,
        "cleanup scale --confirm scale",
        11,
        &["cleanup is not approved by enough people: 0 of 2"],
    );
    for name in ["jonas", "lena"] {
        sign(&rehome, name, &["--scope", "cleanup"]).expect(0);
        import(&rehome, name).expect(0);
    }
    let ended = with_people(&rehome, &["cleanup", "scale", "--confirm", "scale"]);
    assert_eq!(ended, 10, "one was taken back");
    assert_eq!((count(&rehome, "done"), count(&rehome, "rolled_back")), (moved, 1));
    typed(
        &rehome,
        "audit verify",
        0,
        &["4 signed, every signature good, by jonas@contoso.example, lena@contoso.example"],
    );
    let world = azure.estate();
    let old = |one: &&Value| {
        text(&one["id"])
            .contains("/resourceGroups/rg-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/")
            && text(&one["type"]).ends_with("userAssignedIdentities")
    };
    let left = world["arm"].as_array().expect("resources").iter().filter(old).count();
    assert_eq!(left, 2, "the one that was taken back, and the one that was left out");
}
