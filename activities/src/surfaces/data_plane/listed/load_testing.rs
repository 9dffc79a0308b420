//! Activities: Load Testing. A test names the identities that read its secrets and metrics and that its engines have, by
//! their resource ids. Pure data.
//! Source: load testing/2024-12-01-preview (`LoadTestAdministration_ListTests`); the stable version does not show them all

use super::rest::az_rest;
use crate::azure::PlaneList;
use crate::commands::shell::{quoted, url_part};
use crate::references::members;
use crate::references::text::replace;
use crate::surfaces::data_plane::service::{Ask, Change, List, Service};
use serde_json::{Map, Value};

/// The members of a test that have ids of identities.
fn identities(entry: &Value) -> Value {
    let is_id = |name: &str| name.ends_with("IdentityId") || name.ends_with("IdentityIds");
    let all = entry.as_object().into_iter().flatten().filter(|(name, _)| is_id(name));
    Value::Object(all.map(|(name, id)| (name.clone(), id.clone())).collect::<Map<_, _>>())
}

/// A merge patch: what it does not say stays.
fn change(change: &Change<'_>) -> String {
    let path = format!("tests/{}?api-version=2024-12-01-preview", url_part(&change.object.name));
    // What is kept has the old ids: on the way back nothing of it is replaced.
    let kept = &change.object.kept;
    let body = replace(kept, &[(change.from, change.to)]).unwrap_or_else(|| kept.clone());
    format!(
        "  {} --headers Content-Type=application/merge-patch+json --body {}",
        az_rest(change, "patch", &path),
        quoted(&body)
    )
}

pub(super) static SERVICE: Service = Service {
    word: "load_testing",
    name: "Load Testing",
    kind: "microsoft.loadtestservice/loadtests",
    carrier: "microsoft.loadtestservice/loadtests",
    api: "2022-12-01",
    host: |body| members::text(body, "/properties/dataPlaneURI"),
    clouds: [
        Some((".cnt-prod.loadtesting.azure.com", "https://cnt-prod.loadtesting.azure.com")),
        Some((".cnt-prod.loadtesting.azure.us", "https://cnt-prod.loadtesting.azure.us")),
        None,
    ],
    lists: &[List {
        what: "test",
        ask: Ask::List(PlaneList {
            path: "tests",
            query: &[("api-version", "2024-12-01-preview")],
            items: "value",
            token: None,
        }),
        name: "/testId",
        not: None,
        kept: identities,
        change,
        by_principal: false,
    }],
    partial: false,
};
