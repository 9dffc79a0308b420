//! What a move costs: requests against the least that the API allows, and time against the longest chain of
//! requests that need each other, with 150 ms for each answer.
//!
//! `cargo test --test it cost -- --nocapture` prints both. The time is asserted only in an optimised build,
//! which has the machine to itself: `cargo test --release --test it cost -- --ignored --nocapture`.

use crate::support::azure::Azure;
use crate::support::rehome::Rehome;
use serde_json::{Value, json};
use uuid::Uuid;

const SUB: &str = "/subscriptions/c0570000-0000-4000-8000-000000000001";
const CLIENT: &str = "c0570000-0000-4000-8000-00000000c11e";
const PRINCIPAL: &str = "c0570000-0000-4000-8000-000000000b1d";
const LATENCY_MS: u64 = 150;
const GRANTS: u64 = 60;
const GROUPS: u64 = 10;
const CREDENTIALS: u64 = 20;
const HOSTS: u64 = 25;

/// Each type of host: whether writing it is a long-running operation, and how many lists and configurations
/// below it may name an identity.
const TYPES: [(&str, bool, u64); 12] = [
    ("Microsoft.Compute/virtualMachines", true, 3),
    ("Microsoft.Compute/virtualMachineScaleSets", true, 2),
    ("Microsoft.App/containerApps", true, 2),
    ("Microsoft.App/jobs", true, 0),
    ("Microsoft.Web/sites", false, 5),
    ("Microsoft.DigitalTwins/digitalTwinsInstances", false, 2),
    ("Microsoft.Automation/automationAccounts", false, 0),
    ("Microsoft.ContainerRegistry/registries", true, 2),
    ("Microsoft.EventHub/namespaces", false, 1),
    ("Microsoft.ServiceBus/namespaces", false, 0),
    ("Microsoft.DataFactory/factories", false, 1),
    ("Microsoft.Sql/servers", true, 1),
];

fn guid(name: &str) -> String {
    // Any GUIDs do, as long as they are the same every time.
    let mut bytes = [0_u8; 16];
    name.bytes()
        .enumerate()
        .for_each(|(n, b)| bytes[n % 16] = bytes[n % 16].wrapping_mul(31).wrapping_add(b));
    Uuid::from_bytes(bytes).to_string()
}

fn identity() -> String {
    format!("{SUB}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1")
}

fn group(name: &str, location: &str) -> Value {
    json!({"id": format!("{SUB}/resourceGroups/{name}"), "name": name, "location": location,
        "type": "Microsoft.Resources/resourceGroups", "properties": {"provisioningState": "Succeeded"}})
}

fn host(n: u64) -> Value {
    let (kind, _, _) = kind_of(n);
    let mut body = json!({"id": format!("{SUB}/resourceGroups/rg/providers/{kind}/h{n}"), "name": format!("h{n}"),
        "type": kind, "location": "westeurope", "identity": {"type": "UserAssigned"},
        "properties": {"provisioningState": "Succeeded"}});
    body["identity"]["userAssignedIdentities"][identity()] =
        json!({"principalId": PRINCIPAL, "clientId": CLIENT});
    body
}

fn kind_of(n: u64) -> (&'static str, bool, u64) {
    TYPES[usize::try_from(n).expect("small") % TYPES.len()]
}

/// A scope of its own for each grant: nothing can be granted in one go.
fn granted(n: u64) -> [Value; 2] {
    let scope = format!("{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/data{n}");
    let name = guid(&format!("grant {n}"));
    let role = format!(
        "{SUB}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    );
    [
        json!({"id": scope, "name": format!("data{n}"), "type": "Microsoft.Storage/storageAccounts",
            "location": "westeurope", "properties": {"provisioningState": "Succeeded"}}),
        json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"), "name": name,
            "type": "Microsoft.Authorization/roleAssignments", "properties": {"roleDefinitionId": role,
                "principalId": PRINCIPAL, "principalType": "ServicePrincipal", "scope": scope}}),
    ]
}

fn credential(n: u64) -> Value {
    json!({"id": format!("{}/federatedIdentityCredentials/f{n:02}", identity()), "name": format!("f{n:02}"),
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
        "properties": {"issuer": "https://token.actions.githubusercontent.com",
            "subject": format!("repo:contoso/r{n}:ref:refs/heads/main"), "audiences": ["api://AzureADTokenExchange"]}})
}

fn estate() -> Value {
    let mut arm = vec![
        json!({"id": SUB, "subscriptionId": SUB.rsplit('/').next(), "displayName": "cost", "state": "Enabled"}),
        group("rg", "westeurope"),
        group("rg-new", "swedencentral"),
        json!({"id": identity(), "name": "id1", "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "location": "westeurope", "tags": {}, "properties": {"clientId": CLIENT, "principalId": PRINCIPAL,
                "tenantId": "7a1c9f52-0000-4000-8000-00000000c0de"}}),
    ];
    arm.extend((0..HOSTS).map(host));
    arm.extend((0..GRANTS).flat_map(granted));
    arm.extend((0..CREDENTIALS).map(credential));
    let mut graph = vec![json!({"@odata.type": "#microsoft.graph.servicePrincipal", "id": PRINCIPAL,
        "appId": CLIENT, "displayName": "id1", "servicePrincipalType": "ManagedIdentity"})];
    graph.extend((0..GROUPS).map(|n| {
        json!({"@odata.type": "#microsoft.graph.group", "id": guid(&format!("group {n}")),
            "displayName": format!("group-{n}"), "groupTypes": [], "securityEnabled": true, "members": [PRINCIPAL]})
    }));
    json!({"arm": arm, "graph": graph, "settings": {"throttling": false, "principal_delay_s": 0,
        "index_delay_s": 0, "operation_s": 1, "latency_ms": LATENCY_MS}})
}

/// The endpoints of the cloud, and a token for each of its two sides.
const CONNECT: u64 = 3;

/// The least requests that tell everything that a plan says.
fn survey() -> u64 {
    let (subscriptions, management_groups) = (1, 1);
    // Roles' names, assignments, schedules, what could be activated, who is denied, locks, own permissions,
    // regions, what policies and blueprints are assigned with: each is one list for all.
    let in_the_subscription = 10;
    // What names the identity, in eleven tables, each a query, because none of them can be joined by a union;
    // what keeps grants or settings of its own; and what deploys hosts or keeps clusters, whether it names the identity
    // or not.
    let by_the_index = 11 + 1 + 3;
    // The identity, its credentials in two versions, as none tells all of them, what Azure says that uses it; the
    // target's group, the target, and what policies say of it. Where its logs go: no index shows diagnostic settings.
    let itself = 8;
    // Membership, roles, ownership, applications, and what of them ends; then what the first answer named.
    let batches = 2;
    let hosts: u64 = (0..HOSTS).map(|n| 1 + kind_of(n).2).sum();
    // No index shows settings, connection strings and who may sign in: two lists and a form of each site, and a list of
    // each container app.
    let apps = (0..HOSTS).filter(|n| kind_of(*n).0 == "Microsoft.App/containerApps").count() as u64;
    let settings = apps + 3 * (0..HOSTS).filter(|n| kind_of(*n).0 == "Microsoft.Web/sites").count() as u64;
    subscriptions
        + management_groups
        + in_the_subscription
        + by_the_index
        + itself
        + batches
        + hosts
        + settings
}

/// Looking at every promise: lists for what comes in lists, and every host by itself.
const PROOF: u64 = CONNECT + 1 + 1 + 1 + 1 + HOSTS;

/// What Azure says that each of two principals may do, through whatever groups.
const COMPARED: u64 = 2;

/// The least requests of each command.
fn least() -> [(&'static str, u64); 4] {
    // A host is read before it is written, because what others changed must stay, and afterwards, because
    // an answer does not show what else changed. An operation is asked after at least once.
    let operations = (0..HOSTS).filter(|n| kind_of(*n).1).count() as u64;
    // Its name may be taken, and a principal is granted nothing before the directory knows it.
    let made = 1 + 1 + 1;
    let writes = made + GRANTS + GROUPS + CREDENTIALS + COMPARED + 3 * HOSTS + operations;
    [
        ("plan", CONNECT + survey()),
        // What was planned days ago is read again before the first write.
        ("run", CONNECT + survey() + writes),
        ("run, after people", PROOF),
        ("verify", PROOF + COMPARED),
    ]
}

/// The longest chain of requests that need each other, in answers, and waiting for operations.
fn longest() -> [(&'static str, u64); 4] {
    let connect = 2;
    // Subscriptions; index, with the token of Graph meanwhile; lists; the identity; who names it; hosts; the first
    // batch and what Azure says; children and the second batch; permissions where it is all needed.
    let survey = 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1;
    // Look and make; credentials one after the other, and meanwhile all else; read, write, ask after, read back.
    let writes = 2 + CREDENTIALS + 4;
    let operation = 1_000;
    // Azure takes five credentials of one identity at once, and then one in four seconds.
    let credentials = (CREDENTIALS - 5) * 4_000;
    let proof = connect + 2 + 1;
    [
        ("plan", (connect + survey) * LATENCY_MS),
        // People act in the middle, and the program begins again after them.
        ("run", (connect + survey + writes + connect) * LATENCY_MS + operation + credentials),
        ("run, after people", proof * LATENCY_MS),
        ("verify", proof * LATENCY_MS),
    ]
}

/// From the first request to the last answer.
fn span(requests: &[Value]) -> u64 {
    let at = |r: &Value| {
        let time = chrono::DateTime::parse_from_rfc3339(r["time"].as_str().expect("a time")).expect("a date");
        u64::try_from(time.timestamp_millis()).expect("after 1970")
    };
    let (first, last) = (requests.iter().map(at).min(), requests.iter().map(at).max());
    // The time is that of the answer.
    last.unwrap_or_default() - first.unwrap_or_default() + LATENCY_MS
}

/// Plans, runs with people, and verifies; the requests of each command. What Azure lets everybody wait for, until
/// grants act, is no part of the work, so the batch waits for nothing.
fn play(scale: &'static str) -> [Vec<Vec<Value>>; 4] {
    let mut rehome = Rehome::offline();
    std::fs::write(rehome.path("estate.json"), estate().to_string()).expect("written");
    let batch = format!(
        "format_version = \"1.0\"\n[batch]\nname = \"all\"\nto = \"swedencentral\"\nsoak = \"0s\"\n\
         unpinned_host = \"swap\"\n[waits]\ngrants = \"0s\"\nhigh_grants = \"0s\"\nclaims = \"0s\"\ndrain = \"0s\"\n\
         [[identity]]\nid = \"{}\"\ntarget_resource_group = \"rg-new\"\n",
        identity()
    );
    std::fs::write(rehome.path("batch.toml"), batch).expect("written");
    let azure = Azure::serve_at(scale, &rehome.path("estate.json"), None);
    rehome.turn_to(&azure);
    let mut seen = 0;
    let mut since = || {
        let all = azure.requests();
        let new = all[seen..].to_vec();
        seen = all.len();
        new
    };
    let run = ["run", "plan.json", "--yes", "--parallel", "128"];
    rehome.say(&["plan", "-f", "batch.toml", "--save", "plan.json"]).expect(0);
    let planned = since();
    rehome.say(&["approve", "plan.json", "--reason", "a test", "--yes"]).expect(0);
    rehome.say(&run).expect(11);
    let mut moved = vec![since()];
    assert!(rehome.acknowledge(), "somebody has to make the users of databases, before the hosts");
    rehome.say(&run).expect(11);
    moved.push(since());
    assert!(rehome.acknowledge(), "somebody has to tell the repositories");
    rehome.say(&run).expect(0);
    let proved = since();
    rehome.say(&["verify"]).expect(0);
    [vec![planned], moved, vec![proved], vec![since()]]
}

/// Plays it, and prints what each command and all of them cost.
#[expect(clippy::print_stdout, reason = "the figures are for who runs it")]
fn measure(scale: &'static str) -> (f64, f64) {
    let played = play(scale);
    let (mut asked, mut fewest, mut took, mut shortest) = (0, 0, 0, 0);
    for ((requests, (command, least)), (_, chain)) in played.iter().zip(least()).zip(longest()) {
        let count = requests.iter().map(Vec::len).sum::<usize>() as u64;
        let wall = requests.iter().map(|of_one| span(of_one)).sum::<u64>();
        println!("{command:18} {count:4} requests, at least {least:4}; {wall:6} ms, at least {chain:6} ms");
        (asked, fewest, took, shortest) = (asked + count, fewest + least, took + wall, shortest + chain);
    }
    let ratio = |of: u64, to: u64| {
        f64::from(u32::try_from(of).expect("small")) / f64::from(u32::try_from(to).expect("small"))
    };
    let (requests, time) = (ratio(asked, fewest), ratio(took, shortest));
    println!("altogether {asked} of {fewest} requests: {requests:.3}; {took} of {shortest} ms: {time:.3}");
    (requests, time)
}

#[test]
fn a_move_asks_little_more_than_it_must() {
    let (requests, _) = measure("1000");
    assert!((1.0..=1.15).contains(&requests), "{requests} times what is needed");
}

#[test]
#[ignore = "measures time: run it alone, in an optimised build"]
fn a_move_takes_little_longer_than_its_longest_chain() {
    let (_, time) = measure("1");
    assert!((1.0..=1.25).contains(&time), "{time} times what is needed");
}
