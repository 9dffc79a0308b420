//! ARM: Resource Graph: an index of everything, which lags behind the world (resourcegraph/2024-04-01).

use super::narrow::{self, Narrowed};
use super::{eval, parse};
use crate::authorization::Call;
use crate::http::Reply;
use crate::world::{Wanted, World};
use serde_json::{Value, json};

/// Rows on one page.
const PAGE: usize = 1_000;

const CONTAINERS: [&str; 3] = [
    "microsoft.resources/subscriptions",
    "microsoft.resources/subscriptions/resourcegroups",
    "microsoft.management/managementgroups",
];

/// What says no type, or another one than the index, and is a container by its id.
const UNTYPED: [&str; 2] = ["", "microsoft.resources/resourcegroups"];

/// Tables beside `resources`, and which types each of them holds; nothing of the last ones is here.
/// Source: <https://learn.microsoft.com/azure/governance/resource-graph/reference/supported-tables-resources>
const TABLES: [(&str, &[&str]); 17] = [
    ("resourcecontainers", &CONTAINERS),
    (
        "authorizationresources",
        &[
            "microsoft.authorization/roleassignments",
            "microsoft.authorization/roledefinitions",
            "microsoft.authorization/classicadministrators",
        ],
    ),
    (
        "policyresources",
        &[
            "microsoft.authorization/policyassignments",
            "microsoft.authorization/policydefinitions",
            "microsoft.authorization/policyexemptions",
        ],
    ),
    ("appserviceresources", &["microsoft.web/sites/config/web", "microsoft.web/sites/slots/config/web"]),
    ("batchresources", &["microsoft.batch/batchaccounts/pools"]),
    ("computeresources", &["microsoft.compute/virtualmachinescalesets/virtualmachines"]),
    ("deploymentresources", &["microsoft.resources/deploymentstacks"]),
    (
        "elasticsanresources",
        &[
            "microsoft.elasticsan/elasticsans/volumegroups",
            "microsoft.elasticsan/elasticsans/volumegroups/volumes",
        ],
    ),
    ("guestconfigurationresources", &["microsoft.guestconfiguration/guestconfigurationassignments"]),
    (
        "kubernetesconfigurationresources",
        &[
            "microsoft.kubernetesconfiguration/extensions",
            "microsoft.kubernetesconfiguration/fluxconfigurations",
            "microsoft.kubernetesconfiguration/namespaces",
            "microsoft.kubernetesconfiguration/sourcecontrolconfigurations",
        ],
    ),
    ("kustoresources", &["microsoft.kusto/clusters/databases/dataconnections"]),
    (
        "managedserviceresources",
        &[
            "microsoft.managedservices/registrationassignments",
            "microsoft.managedservices/registrationdefinitions",
        ],
    ),
    ("aksresources", &[]),
    ("insightsresources", &[]),
    ("securityresources", &[]),
    ("advisorresources", &[]),
    ("healthresources", &[]),
];

/// Answers a query.
pub(crate) fn handle(world: &World, call: &Call<'_>) -> Reply {
    if call.method != "POST" {
        return crate::arm::answers::no_method(call);
    }
    let Some(text) = call.body["query"].as_str() else {
        return invalid("the query is missing");
    };
    let query = match parse::query(text) {
        Ok(query) => query,
        Err(why) => return invalid(&why),
    };
    let subscriptions: Vec<String> = call.body["subscriptions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|s| s.as_str().map(str::to_lowercase))
        .collect();
    let narrowed = narrow::of(&query);
    let rows = match eval::run(&query, &|name| table(world, name, &subscriptions, &narrowed)) {
        Ok(rows) => rows,
        Err(why) => return invalid(&why),
    };
    page(call, rows)
}

/// What a query makes of rows.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn rows(text: &str, rows: Vec<Value>) -> Result<Vec<Value>, String> {
    eval::run(&parse::query(text)?, &|_| Some(rows.clone()))
}

fn page(call: &Call<'_>, rows: Vec<Value>) -> Reply {
    let options = &call.body["options"];
    let from = options["$skipToken"].as_str().and_then(|t| t.parse::<usize>().ok()).unwrap_or(0);
    let size = options["$top"].as_u64().and_then(|t| usize::try_from(t).ok()).unwrap_or(100).min(PAGE);
    let total = rows.len();
    let data: Vec<Value> = rows.into_iter().skip(from).take(size).collect();
    let mut body = json!({
        "totalRecords": total, "count": data.len(), "data": data, "facets": [], "resultTruncated": "false",
    });
    let next = from.saturating_add(size);
    if next < total {
        body["$skipToken"] = Value::from(next.to_string());
    }
    Reply::json(200, body)
        .with("x-ms-user-quota-remaining", "14")
        .with("x-ms-user-quota-resets-after", "00:00:05")
}

fn invalid(why: &str) -> Reply {
    Reply::json(
        400,
        json!({"error": {
            "code": "BadRequest", "message": "Please provide below info when asking for support.",
            "details": [{"code": "InvalidQuery", "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying."},
                {"code": "ParserFailure", "message": why}],
        }}),
    )
}

/// The rows of a table, as they were a while ago; `None` where there is no such table.
fn table(world: &World, name: &str, subscriptions: &[String], narrowed: &Narrowed) -> Option<Vec<Value>> {
    let name = name.to_lowercase();
    let holds = TABLES.iter().find(|(table, _)| *table == name).map(|(_, types)| *types);
    if holds.is_none() && name != "resources" {
        return None;
    }
    let types: Vec<String>;
    let of = match (narrowed, holds) {
        (Narrowed::Texts(texts), _) => Wanted::Texts(texts),
        (_, Some(holds)) => {
            let untyped: &[&str] = if holds == CONTAINERS { &UNTYPED } else { &[] };
            types = holds.iter().chain(untyped).map(|kind| (*kind).to_owned()).collect();
            Wanted::Types(&types)
        }
        (Narrowed::Types(types), None) => Wanted::Types(types),
        (Narrowed::Nothing, None) => Wanted::All,
    };
    let wanted = |kind: &str| holds.map_or_else(|| is_plain(kind), |types| types.contains(&kind));
    let mine = |id: &str| {
        let subscription = part(id, "subscriptions", 1);
        subscriptions.is_empty() || subscription.is_empty() || subscriptions.iter().any(|s| s == subscription)
    };
    let rows = world.indexed(of).into_iter().filter_map(|(id, object)| {
        let kind = Some(kind_of(id, object)).filter(|kind| wanted(kind) && mine(id))?;
        row(id, kind, object.clone())
    });
    Some(rows.collect())
}

/// Whether a type is in the table of most of them. Children are in other tables or in none, but for these.
fn is_plain(kind: &str) -> bool {
    let elsewhere = TABLES.iter().any(|(_, types)| types.contains(&kind));
    let children = ["microsoft.web/sites/slots", "microsoft.compute/virtualmachines/extensions"];
    !elsewhere
        && !kind.is_empty()
        && !kind.starts_with("microsoft.authorization/")
        && kind != crate::arm::deployments::KIND
        && (kind.split('/').count() == 2 || children.contains(&kind) || kind.ends_with("/databases"))
}

/// The type of an object as the index calls it.
fn kind_of(canonical: &str, object: &Value) -> String {
    let kind = match object["type"].as_str() {
        Some(kind) => kind.to_lowercase(),
        None => crate::objects::ArmPath::parse(canonical).kind.to_lowercase(),
    };
    match (kind.as_str(), canonical.split('/').count()) {
        ("" | "microsoft.resources/subscriptions", 3) => "microsoft.resources/subscriptions".to_owned(),
        ("" | "microsoft.resources/resourcegroups", 5) => {
            "microsoft.resources/subscriptions/resourcegroups".to_owned()
        }
        _ => kind,
    }
}

/// What follows a word that is the part of an id with this number, counted with the empty one before the first slash.
fn part<'a>(canonical: &'a str, word: &str, at: usize) -> &'a str {
    let mut parts = canonical.split('/').skip(at);
    let named = parts.next() == Some(word);
    parts.next().filter(|_| named).unwrap_or_default()
}

/// One object as the index shows it: its type in lower case, and the parts of its id beside it.
fn row(canonical: &str, kind: String, mut object: Value) -> Option<Value> {
    let members = object.as_object_mut()?;
    members.insert("type".to_owned(), Value::from(kind));
    members.insert("subscriptionId".to_owned(), Value::from(part(canonical, "subscriptions", 1)));
    members.insert("resourceGroup".to_owned(), Value::from(part(canonical, "resourcegroups", 3)));
    for name in ["identity", "properties", "tags", "location", "kind", "sku", "name"] {
        members.entry(name).or_insert(Value::Null);
    }
    Some(object)
}
