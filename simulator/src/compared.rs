//! Simulator, tests: the indexes of a world give the answers that walking over everything gives, to the byte.

use crate::clock::{Pace, SimClock};
use crate::estate::Estate;
use crate::faults::Faults;
use crate::http::{Host, Request, query};
use crate::login::Places;
use crate::origin_check::PageAccess;
use crate::pipeline;
use crate::shared::Shared;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

const SEED: u64 = 0x5eed_0017;
const SUBSCRIPTIONS: [&str; 2] =
    ["11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"];

/// Numbers that depend on the seed alone.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.roll(all.len())]
    }
}

/// The GUID with this number among those of a kind: all of it random, as Azure's are, and always the same.
fn guid(kind: u64, n: usize) -> String {
    let mut dice = Dice(SEED ^ (kind << 32) ^ u64::try_from(n).unwrap_or_default());
    let digits: String = (0..32).map(|_| char::from(b"0123456789abcdef"[dice.roll(16)])).collect();
    let [a, b, c, d] = [&digits[..8], &digits[8..12], &digits[13..16], &digits[17..20]];
    format!("{a}-{b}-4{c}-8{d}-{}", &digits[20..])
}

fn group(n: usize) -> String {
    format!("/subscriptions/{}/resourceGroups/rg-{}", SUBSCRIPTIONS[n % 2], n % 5)
}

fn identity(n: usize) -> String {
    format!("{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{n}", group(n))
}

fn site(n: usize) -> String {
    format!("{}/providers/Microsoft.Web/sites/app-{n}", group(n))
}

/// An estate of so many identities, each with sites, grants, a group and a vault's entry.
fn estate(dice: &mut Dice, many: usize) -> Estate {
    let (mut arm, mut graph) = (Vec::new(), Vec::new());
    for subscription in SUBSCRIPTIONS {
        arm.push(json!({"id": format!("/subscriptions/{subscription}"), "subscriptionId": subscription, "displayName": subscription}));
    }
    for n in 0..10 {
        arm.push(json!({"id": group(n), "name": format!("rg-{}", n % 5), "type": "Microsoft.Resources/resourceGroups",
            "location": "westeurope", "tags": {"n": n.to_string()}, "properties": {"provisioningState": "Succeeded"}}));
    }
    let above = "/providers/Microsoft.Management/managementGroups/top";
    arm.push(json!({"id": above, "name": "top", "type": "Microsoft.Management/managementGroups", "properties": {"displayName": "top"}}));
    arm.push(json!({"id": format!("{above}/subscriptions/{}", SUBSCRIPTIONS[0]), "name": SUBSCRIPTIONS[0],
        "properties": {"displayName": "one"}}));
    for n in 0..many {
        let (principal, client) = (guid(0xa, n), guid(0xc, n));
        arm.push(json!({"id": identity(n), "name": format!("id-{n}"), "location": "westeurope", "tags": {},
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "properties": {"principalId": principal, "clientId": client, "tenantId": guid(0xd, 1)}}));
        let used = dice.roll(many);
        let named = identity(dice.roll(many));
        let named = if n % 3 == 0 { named.replace('/', "%2F") } else { named };
        arm.push(json!({"id": site(n), "name": format!("app-{n}"), "type": "Microsoft.Web/sites", "location": "West Europe",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity(used).to_uppercase(): {}}},
            "tags": {"of": identity(dice.roll(many)), "to": "/shared/by/everything/that/is/here"},
            "properties": {"note": format!("client {} of '{named}'", guid(0xc, dice.roll(many)))}}));
        arm.push(json!({"id": format!("{}/providers/Microsoft.KeyVault/vaults/kv-{n}", group(n)), "name": format!("kv-{n}"),
            "type": "Microsoft.KeyVault/vaults", "location": "westeurope", "properties": {"tenantId": guid(0xd, 1),
            "accessPolicies": [{"tenantId": guid(0xd, 1), "objectId": principal, "permissions": {"secrets": ["get"]}}]}}));
        for m in 0..2 {
            let scope = dice.of(&[above, "", &*group(n), &*site(n), &*identity(n)]).to_owned();
            let name = guid(0xe, n * 2 + m);
            arm.push(json!({"id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"), "name": name,
                "type": "Microsoft.Authorization/roleAssignments", "properties": {"scope": scope, "principalId": principal,
                "principalType": "ServicePrincipal", "condition": format!("@Resource[Id] == '{}'", guid(0xa, dice.roll(many))),
                "roleDefinitionId":
                "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"}}));
        }
        graph.push(json!({"@odata.type": "#microsoft.graph.group", "id": guid(0x9, n), "displayName": format!("g-{}", n % 7),
            "members": [principal.to_uppercase(), guid(0x9, n + 1)], "owners": [], "groupTypes": []}));
        graph.push(json!({"@odata.type": "#microsoft.graph.appRoleAssignment", "id": guid(0x8, n), "principalId": principal,
            "resourceId": guid(0xa, dice.roll(many)), "appRoleId": guid(0x7, 1)}));
    }
    let estate = json!({"arm": arm, "graph": graph, "settings": {"throttling": false, "index_delay_s": 60}});
    Estate::parse(&estate.to_string()).expect("an estate")
}

/// A request that somebody may send: method, host, target, body.
type Asked = (&'static str, Host, String, Value);

const RM: &str = "api-version=2022-04-01";
const ROLES: &str = "providers/Microsoft.Authorization/roleAssignments";

fn get(target: String) -> Asked {
    ("GET", Host::Arm, target, Value::Null)
}

fn request(dice: &mut Dice, many: usize) -> Asked {
    let n = dice.roll(many);
    match dice.roll(4) {
        0 => write(dice, n, many),
        1 => read_directory(dice, n),
        2 => read_index(dice, n),
        _ => read_resources(dice, n),
    }
}

fn read_resources(dice: &mut Dice, n: usize) -> Asked {
    let (sub, principal) = (SUBSCRIPTIONS[n % 2], guid(0xa, n));
    match dice.roll(9) {
        0 => get(format!("/subscriptions/{sub}/{ROLES}?{RM}")),
        1 => get(format!("/subscriptions/{sub}/{ROLES}?{RM}&$filter=principalId eq '{principal}'")),
        2 => get(format!("{}/{ROLES}?{RM}&$filter=atScope()", group(n))),
        3 => get(format!("{}/{ROLES}?{RM}&$filter=assignedTo('{principal}')", site(n))),
        4 => get(format!("/{ROLES}?{RM}")),
        5 => get(format!("/subscriptions/{sub}/resourcegroups?{RM}")),
        6 => get(format!("/subscriptions/{sub}/providers/Microsoft.Web/sites?api-version=2023-12-01")),
        7 => get(format!(
            "/subscriptions/{sub}/resources?{RM}&$filter=resourceType eq 'Microsoft.KeyVault/vaults'"
        )),
        _ => (
            "POST",
            Host::Arm,
            format!("{}/listAssociatedResources?api-version=2022-01-31-preview", identity(n)),
            json!({}),
        ),
    }
}

fn read_index(dice: &mut Dice, n: usize) -> Asked {
    let principal = guid(0xa, n);
    let index = |text: String| {
        let target = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";
        ("POST", Host::Arm, target.to_owned(), json!({"query": text, "subscriptions": []}))
    };
    match dice.roll(8) {
        0 => index(mentions("resources", "", &[n])),
        1 => index(mentions("resources", "", &[n, dice.roll(n + 1), n + 1_000])),
        2 => index(mentions("policyresources", "id, ' ', ", &[n])),
        3 => index(format!(
            "authorizationresources | where type =~ 'Microsoft.Authorization/roleAssignments' \
             | where tostring(properties.condition) contains '{principal}' | project id, properties"
        )),
        4 => index("resources | where type =~ 'Microsoft.Web/sites' | project id".to_owned()),
        5 => index(format!(
            "authorizationresources | where properties.principalId == '{principal}' | project id"
        )),
        6 => index("resources | summarize n = count() by type | order by n desc".to_owned()),
        _ => index("resourcecontainers | project id, type".to_owned()),
    }
}

/// What mentions one of these identities, in each of its spellings, or something that every site has.
fn mentions(table: &str, own: &str, identities: &[usize]) -> String {
    let spelt = identities.iter().flat_map(|n| {
        let id = identity(*n).to_lowercase();
        [id.replace('/', "%2f"), id, guid(0xc, *n), guid(0xa, *n).to_uppercase()]
    });
    let common = (identities.len() > 1).then(|| "/shared/by/everything/that/is/here".to_owned());
    let clauses: Vec<String> = spelt.chain(common).map(|name| format!("text contains '{name}'")).collect();
    format!(
        "{table} | extend text = tolower(strcat({own}tostring(identity), ' ', tostring(properties), ' ', tostring(tags))) \
         | where {} | project id, type, location",
        clauses.join(" or ")
    )
}

fn read_directory(dice: &mut Dice, n: usize) -> Asked {
    let (principal, client) = (guid(0xa, n), guid(0xc, n));
    let read = |target: String| ("GET", Host::Graph, target, Value::Null);
    match dice.roll(5) {
        0 => read(format!("/v1.0/servicePrincipals?$filter=appId eq '{}'", client.to_uppercase())),
        1 => read(format!("/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c eq '{client}')")),
        2 => read(format!("/v1.0/servicePrincipals/{principal}/transitiveMemberOf")),
        3 => read(format!("/v1.0/groups?$filter=displayName eq 'G-{}' or displayName eq 'g-1'", n % 7)),
        _ => read(format!("/v1.0/servicePrincipals/{principal}/appRoleAssignedTo")),
    }
}

fn write(dice: &mut Dice, n: usize, many: usize) -> Asked {
    let principal = guid(0xa, n);
    match dice.roll(7) {
        0 => (
            "PATCH",
            Host::Arm,
            format!("{}?api-version=2023-12-01", site(n)),
            json!({"identity": {"type": "UserAssigned",
            "userAssignedIdentities": {identity(dice.roll(many)): {}}}}),
        ),
        1 => (
            "PUT",
            Host::Arm,
            format!("{}/{ROLES}/{}?{RM}", group(n), guid(0xf, dice.roll(20))),
            json!({"properties": {
            "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
            "principalId": principal, "principalType": "ServicePrincipal"}}),
        ),
        2 => ("DELETE", Host::Arm, format!("{}?api-version=2023-01-31", identity(n)), Value::Null),
        3 => (
            "PUT",
            Host::Arm,
            format!("{}?api-version=2023-01-31", identity(n)),
            json!({"location": "westeurope"}),
        ),
        4 => ("DELETE", Host::Graph, format!("/v1.0/groups/{}", guid(0x9, n)), Value::Null),
        5 => (
            "POST",
            Host::Graph,
            format!("/v1.0/groups/{}/members/$ref", guid(0x9, n)),
            json!({"@odata.id":
            format!("https://graph/v1.0/directoryObjects/{}", guid(0xa, dice.roll(many)))}),
        ),
        _ => (
            "DELETE",
            Host::Arm,
            format!("{}/{ROLES}/{}?{RM}", group(n), guid(0xf, dice.roll(20))),
            Value::Null,
        ),
    }
}

fn shared(estate: &Estate, clock: SimClock, walks: bool) -> Shared {
    let mut world = World::new(estate.clone(), clock, SEED, Faults::default());
    world.walk(walks);
    let at = |name: &str| format!("https://{name}");
    let places =
        Places { arm: at("arm"), graph: at("graph"), login: at("login"), client_secret: "s".to_owned() };
    Shared { world: Mutex::new(world), places, pages: PageAccess::Open }
}

fn ask(
    shared: &Shared,
    token: &str,
    (method, host, target, body): &(&str, Host, String, Value),
) -> (u16, Option<Value>) {
    let (path, text) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: (*method).to_owned(),
        path: path.to_owned(),
        target: target.clone(),
        query: query(text),
        headers: BTreeMap::from([("authorization".to_owned(), format!("Bearer {token}"))]),
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
    };
    let reply = pipeline::handle(shared, *host, &request);
    (reply.status, reply.body)
}

#[test]
fn an_index_gives_what_a_walk_gives_to_the_byte_whatever_is_read_and_written() {
    let (mut changed, mut found) = (0, 0);
    for (seed, many) in [(SEED, 40), (SEED + 1, 25), (SEED + 2, 5)] {
        eprintln!("seed {seed:#x}");
        let counted = compare(&mut Dice(seed), many);
        (changed, found) = (changed + counted.0, found + counted.1);
    }
    assert!(changed > 60 && found > 200, "{changed} changed something, {found} found something");
}

/// Asks a world with indexes and one without the same; how many questions changed something, and found something.
fn compare(dice: &mut Dice, many: usize) -> (usize, usize) {
    let estate = estate(dice, many);
    let start = chrono::Utc::now();
    let [indexed, walked] =
        [false, true].map(|walks| shared(&estate, SimClock::at(Pace::ByHand, start), walks));
    let token = |host| crate::login::sign(&indexed.world(), &indexed.places, indexed.places.url(host));
    let (mut changed, mut found) = (0, 0);
    for round in 0..200 {
        let asked = request(dice, many);
        let token = token(asked.1);
        let (one, other) = (ask(&indexed, &token, &asked), ask(&walked, &token, &asked));
        assert_eq!(one, other, "round {round}: {asked:?}");
        changed += usize::from(one.0 < 300 && asked.0 != "GET" && !asked.2.contains("ResourceGraph"));
        found += usize::from(one.1.is_some_and(|body| body.to_string().len() > 200));
        if round % 10 == 0 {
            for world in [&indexed, &walked] {
                world.world().clock.advance(chrono::TimeDelta::seconds(20));
            }
        }
    }
    assert_eq!(json!(indexed.world().dump()), json!(walked.world().dump()));
    (changed, found)
}
