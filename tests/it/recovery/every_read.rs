//! Every read that the program makes is refused in turn, in every way that a read can fail: nothing is planned, done,
//! verified or cleaned up on the word of an answer that did not come, and nothing that is in use loses anything.
//!
//! Which reads there are is taken from the local Azure's own record of an undisturbed move, phase by phase. A sample
//! of them is tried; `REHOME_EVERY_READ=1` tries them all, and names what it tried.

use crate::support::azure::{Azure, SCALE, example, minimal_without_soak};
use crate::support::estates::signed_in;
use crate::support::rehome::{Rehome, text};
use rehome_activities::fail_closed::{Check, checks};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const GROUP: &str =
    "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers";
const OLD: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/id-shop";
const PRINCIPAL: &str = "0a1b2c3d-2222-4000-8000-0000000001d1";

/// How a read fails. Whatever is behind the codes, nobody has read anything.
fn failures() -> Vec<(&'static str, Value)> {
    let answer = |status: u16, code: &str| json!({"answer": {"status": status, "code": code}});
    let body = |body: Value| json!({"answer": {"status": 200, "body": body}});
    vec![
        ("403", answer(403, "AuthorizationFailed")),
        ("404", answer(404, "ResourceNotFound")),
        ("404 of a front", answer(404, "")),
        ("429", answer(429, "TooManyRequests")),
        ("500", answer(500, "InternalServerError")),
        ("503", answer(503, "ServiceUnavailable")),
        ("cut", json!("cut_before")),
        ("empty", body(json!(""))),
        ("204", json!({"answer": {"status": 204, "body": ""}})),
        ("an error with 200", body(json!({"error": {"code": "AuthorizationFailed", "message": "no"}}))),
        ("no list", body(json!({"value": null, "data": null}))),
        ("another shape", body(json!({"unexpected": {"value": 7}}))),
    ]
}

/// The commands of a move, each of which reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Plan,
    Run,
    Verify,
    CleanUp,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Plan, Self::Run, Self::Verify, Self::CleanUp];

    fn go(self, rehome: &Rehome) -> i32 {
        match self {
            Self::Plan => rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).code,
            Self::Run => rehome.run_with_people(),
            Self::Verify => rehome.say(&["verify"]).code,
            Self::CleanUp => {
                rehome.say_with_people(&["cleanup", "minimal", "--confirm", "minimal", "--yes"]).code
            }
        }
    }
}

/// A read: which server, method and path, with `*` for every id that is made anew each time; and whether the thing is
/// not there, so that a 404 is the right answer.
type Read = (String, String, String, bool);

/// Where a move stands before a phase: the world, and what the program has on its disk.
struct Stage {
    phase: Phase,
    estate: Value,
    disk: Rehome,
    port: u16,
    reads: Vec<Read>,
}

/// What is in the way of a word in a rule: an id that differs from one world to the other.
fn general(path: &str) -> String {
    let own = |part: &&str| uuid_like(part) && !part.eq_ignore_ascii_case(PRINCIPAL);
    let parts: Vec<&str> =
        path.split('/').map(|part| if own(&part) && !is_fixed(part) { "*" } else { part }).collect();
    parts.join("/")
}

fn uuid_like(part: &str) -> bool {
    part.len() == 36 && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Ids of the estate itself, which are the same in every world.
fn is_fixed(part: &str) -> bool {
    let text = std::fs::read_to_string(example("minimal").join("estate.json")).expect("an estate");
    text.to_lowercase().contains(&part.to_lowercase())
}

fn decoded(path: &str) -> String {
    let mut out = Vec::new();
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

const POSTED: [&str; 6] =
    ["/list", "/listassociatedresources", "/resources", "/checkpolicyrestrictions", "/$batch", "/getbyids"];

/// Every read of these requests, each once; those in a batch as what they are.
fn reads(requests: &[Value]) -> Vec<Read> {
    let mut seen: BTreeMap<(String, String, String), bool> = BTreeMap::new();
    for request in requests {
        let path = |text: &str| general(&decoded(text.split('?').next().unwrap_or_default())).to_lowercase();
        let (host, method, asked) =
            (text(&request["host"]), text(&request["method"]), path(text(&request["path"])));
        let is_read = method == "GET" || POSTED.iter().any(|end| method == "POST" && asked.ends_with(end));
        // A long-running operation is asked after for as long as it takes: that never ends well by itself.
        let endless = asked.contains("/operations/");
        let beside = host == "login" || asked.starts_with("/metadata/") || asked.starts_with("/sim/");
        if beside || endless || !is_read {
            continue;
        }
        for part in request["parts"].as_array().into_iter().flatten().map(text) {
            let (method, url) = part.split_once(' ').unwrap_or(("GET", part));
            seen.entry((host.to_owned(), method.to_owned(), path(url))).or_insert(false);
        }
        let absent = request["status"] == 404;
        seen.entry((host.to_owned(), method.to_owned(), asked))
            .and_modify(|was| *was |= absent)
            .or_insert(absent);
    }
    seen.into_iter().map(|((host, method, path), absent)| (host, method, path, absent)).collect()
}

/// The smallest estate with a vault, a group and a host that a person re-points.
fn estate() -> Value {
    let path = example("minimal").join("estate.json");
    let mut estate: Value = serde_json::from_slice(&std::fs::read(path).expect("an estate")).expect("JSON");
    let id = |rest: &str| format!("{GROUP}/{rest}");
    let policy = json!({"tenantId": "7a1c9f52-0000-4000-8000-00000000c0de", "objectId": PRINCIPAL,
        "permissions": {"keys": [], "secrets": ["get"], "certificates": []}});
    estate["arm"].as_array_mut().expect("arm").extend([
        json!({"id": id("Microsoft.KeyVault/vaults/kv-shop"), "name": "kv-shop", "type": "Microsoft.KeyVault/vaults",
            "location": "westeurope", "tags": {}, "properties": {"tenantId": "7a1c9f52-0000-4000-8000-00000000c0de",
                "accessPolicies": [policy], "enableRbacAuthorization": false, "sku": {"family": "A", "name": "standard"}}}),
    ]);
    estate["graph"].as_array_mut().expect("graph").push(
        json!({"@odata.type": "#microsoft.graph.group", "id": "0a1b2c3d-9999-4000-8000-0000000000d1", "displayName": "readers",
            "groupTypes": [], "securityEnabled": true, "members": [PRINCIPAL]}),
    );
    estate
}

/// A machine that somebody gives the old identity after the move was planned.
fn latecomer() -> Value {
    let id = format!("{GROUP}/Microsoft.Compute/virtualMachines/vm-late");
    let map = json!({format!("{GROUP}/{OLD}"): {"principalId": PRINCIPAL, "clientId": "0a1b2c3d-1111-4000-8000-00000000c1d1"}});
    json!({"id": id, "name": "vm-late", "type": "Microsoft.Compute/virtualMachines", "location": "westeurope", "tags": {},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": map}, "properties": {"provisioningState": "Succeeded"}})
}

fn serve(estate: &Value, port: u16, faults: Option<Value>, rehome: &Rehome) -> Azure {
    let write =
        |name: &str, what: &Value| std::fs::write(rehome.path(name), what.to_string()).expect("written");
    write("world.json", estate);
    write("faults.json", &json!({"rules": faults.map_or_else(Vec::new, |rule| vec![rule])}));
    Azure::serve_on(port, SCALE, &rehome.path("world.json"), &rehome.path("faults.json"))
}

/// Runs an undisturbed move, and keeps where it stood before each phase with what the phase reads.
fn stages() -> Vec<Stage> {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    let port = Azure::free_port();
    let azure = serve(&estate(), port, None, &rehome);
    rehome.turn_to(&azure);
    let mut stages = Vec::new();
    for phase in Phase::ALL {
        let (estate, disk) = (azure.estate(), rehome.copy());
        let before = azure.requests().len();
        assert_eq!(phase.go(&rehome), 0, "undisturbed {phase:?}: {}", rehome.say(&["status"]).out);
        let reads = reads(&azure.requests()[before..]);
        if phase == Phase::Plan {
            rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
        }
        stages.push(Stage { phase, estate, disk, port, reads });
    }
    stages
}

/// Reads after which something is read in another way, which is refused by itself: whoever is signed in is an
/// application or a person, and here no user; a list that shows a proof sooner than the thing itself does.
const SPARED: [(&[Phase], &str); 2] = [
    (&[Phase::Plan, Phase::Run], "/v1.0/users/"),
    (
        &[Phase::Run],
        "/resourcegroups/rg-shop-sdc/providers/microsoft.managedidentity/userassignedidentities/id-shop/federatedidentitycredentials",
    ),
];

/// Everything in the world that the old identity has or may do: what is in use may lose none of it.
fn holdings(estate: &Value) -> Vec<String> {
    let arm = estate["arm"].as_array().into_iter().flatten();
    let names = |o: &&Value| {
        let id = text(&o["id"]).to_lowercase();
        id.ends_with(&OLD.to_lowercase()) && id.contains("rg-shop-weu")
            || o["properties"]["principalId"] == PRINCIPAL
            || id.ends_with("/vaults/kv-shop") && o.to_string().contains(PRINCIPAL)
    };
    let graph = estate["graph"].as_array().into_iter().flatten();
    let held = |o: &&Value| o["members"].to_string().contains(PRINCIPAL) || o["principalId"] == PRINCIPAL;
    let mut all: Vec<String> = arm.filter(names).map(|o| text(&o["id"]).to_lowercase()).collect();
    all.extend(graph.filter(held).map(|o| text(&o["id"]).to_lowercase()));
    all.sort();
    all
}

/// A phase in a copy of its world in which nothing is refused: it ends well, so what does not is because of a read.
fn undisturbed(stage: &Stage) -> i32 {
    let mut rehome = stage.disk.copy();
    let azure = serve(&stage.estate, stage.port, None, &rehome);
    rehome.turn_to(&azure);
    stage.phase.go(&rehome)
}

/// One phase with one read refused; what went wrong, if anything did.
fn trial(stage: &Stage, read: &Read, (name, what): &(&str, Value), late: bool) -> Option<String> {
    let (host, method, path, absent) = read;
    let mut rehome = stage.disk.copy();
    let mut world = stage.estate.clone();
    if late {
        world["arm"].as_array_mut().expect("arm").push(latecomer());
    }
    let rule = json!({"host": host, "method": method, "path": path, "exact": true, "what": what});
    let azure = serve(&world, stage.port, Some(rule), &rehome);
    rehome.turn_to(&azure);
    let before = holdings(&azure.estate());
    let code = stage.phase.go(&rehome);
    let place = format!("{:?} with {name} for {method} {path} of {host}", stage.phase);
    let after = holdings(&azure.estate());
    if late && before != after {
        let gone: Vec<_> = before.iter().filter(|one| !after.contains(one)).collect();
        return Some(format!("{place}: a machine has the old identity, which lost {gone:?}"));
    }
    let spared = *absent && *name == "404"
        || SPARED.iter().any(|(phases, part)| phases.contains(&stage.phase) && path.contains(part));
    (code == 0 && !spared).then(|| format!("{place}: exit 0 over something unread"))
}

#[test]
fn whichever_read_is_refused_nothing_in_use_is_taken_and_nothing_ends_well() {
    let stages = stages();
    for stage in &stages {
        assert_eq!(undisturbed(stage), 0, "{:?} in a copy of its world", stage.phase);
    }
    let mut all = Vec::new();
    // For who looks for something in one phase only.
    let only = std::env::var("REHOME_PHASE").ok();
    for stage in stages.iter().filter(|s| only.as_ref().is_none_or(|only| *only == format!("{:?}", s.phase)))
    {
        for read in &stage.reads {
            for failure in failures() {
                all.push((stage, read, failure.clone(), false));
                if stage.phase == Phase::CleanUp {
                    all.push((stage, read, failure, true));
                }
            }
        }
    }
    let every = std::env::var_os("REHOME_EVERY_READ").is_some();
    let seed = std::env::var("REHOME_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(std::process::id() as usize);
    let step = if every { 1 } else { all.len().div_ceil(SAMPLE) };
    println!("{} reads and failures, every {step} from seed {seed}", all.len());
    let mut wrong = Vec::new();
    for (stage, read, failure, late) in all.into_iter().skip(seed % step).step_by(step) {
        if every {
            println!("{:?} {read:?} {} late {late}", stage.phase, failure.0);
        }
        if let Some(what) = trial(stage, read, &failure, late) {
            println!("WRONG {what}");
            wrong.push(what);
        }
    }
    assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
}

/// How many are tried where nobody asks for all.
const SAMPLE: usize = 40;

#[test]
fn every_read_of_a_move_stands_in_the_table_of_what_its_failure_does() {
    let table: Vec<Check> = checks();
    for stage in stages() {
        for (host, method, path, _) in &stage.reads {
            let known = table.iter().any(|check| check.is_of(host, method, path));
            assert!(
                known,
                "{:?}: {method} {path} of {host} is in no row of docs/fail-closed.md",
                stage.phase
            );
        }
    }
}

/// The index, which is the only way to many things, refused from the first question to the last.
#[test]
fn an_index_that_does_not_answer_blocks_the_plan_until_somebody_answers_for_it_by_name() {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("batch.toml"), minimal_without_soak()).expect("written");
    let rule = json!({"method": "POST", "path": "Microsoft.ResourceGraph/resources",
        "what": {"answer": {"status": 403, "code": "AuthorizationFailed"}}});
    let azure = serve(&estate(), 0, Some(rule), &rehome);
    rehome.turn_to(&azure);
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(12);
    for part in ["B133", "Resource Graph: resources", "accept_unseen = ["] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let plan: Value =
        serde_json::from_slice(&std::fs::read(rehome.path("plan.json")).expect("a plan")).expect("JSON");
    let unread = plan["moves"][0]["about"]["blockers"].as_array().expect("blockers").iter();
    let names: Vec<&str> = unread.filter(|b| b["code"] == "B133").map(|b| text(&b["target"])).collect();
    let batch = format!("{}accept_unseen = {}\n", minimal_without_soak(), json!(names));
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    assert!(said.out.contains("W350") && said.out.contains("answered for in the batch file"), "{}", said.out);
}

#[test]
fn a_batch_of_graph_that_is_refused_and_a_part_of_one_are_named_as_what_they_are() {
    let refused = |what: Value| {
        let faults = json!({"rules": [{"host": "graph", "path": what["path"], "what": {"answer": {"status": what["status"],
            "code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."}}}]});
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), faults.to_string()).expect("written");
        let (_azure, rehome) = signed_in(&example("minimal").join("estate.json"), Some(file.path()));
        let said = rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]);
        assert_ne!(said.code, 0, "{}", said.out);
        said.out + &said.err
    };
    let whole = refused(json!({"path": "/$batch", "status": 403}));
    for part in ["memberOf", "appRoleAssignments", "ownedObjects", "oauth2PermissionGrants"] {
        let named = |line: &&str| line.contains(part) && line.contains("Authorization_RequestDenied");
        assert!(whole.lines().any(|line| named(&line)), "{part}, which was in it: {whole}");
        let said = refused(json!({"path": format!("/{part}"), "status": 403}));
        assert!(said.lines().any(|line| named(&line)), "{part}: {said}");
        assert!(
            !said.contains("is not there") && !said.contains("B101"),
            "{part} is not the identity: {said}"
        );
    }
}
