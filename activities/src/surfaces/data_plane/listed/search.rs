//! Activities: AI Search. Data sources, skills, vectorizers, models of knowledge bases and keys of encryption name an
//! identity by its resource id. Pure data.
//! Source: search/2026-04-01 (`DataSources_List` and the other lists, `SearchIndexerDataUserAssignedIdentity`);
//! <https://learn.microsoft.com/azure/search/search-how-to-managed-identities>

use super::rest::read_and_put;
use crate::azure::PlaneList;
use crate::commands::shell::url_part;
use crate::references::members;
use crate::surfaces::data_plane::service::{Ask, Change, List, Service, nothing};
use serde_json::Value;

const QUERY: &[(&str, &str)] = &[("api-version", "2026-04-01")];

/// The service says it itself since 2025-02-01-preview; before, its name does.
fn host(body: &Value) -> Option<String> {
    let said = members::text(body, "/properties/endpoint");
    said.or_else(|| Some(format!("{}.search.windows.net", members::text(body, "/name")?)))
}

/// No read gives keys and connection strings; what stays as it is, is said so.
fn change(change: &Change<'_>) -> String {
    let Ask::List(list) = change.list.ask else { return String::new() };
    let path = format!("{}('{}')?api-version=2026-04-01", list.path, url_part(&change.object.name));
    let (between, more) = match list.path {
        "datasources" => (r#" | jq '.credentials.connectionString = "<unchanged>"'"#, ""),
        _ => ("", "\nKeys are not shown: put those that are null in object.json there before it is written."),
    };
    format!("{}{more}", read_and_put(change, &path, between, " --headers Prefer=return=representation"))
}

const fn list(what: &'static str, path: &'static str) -> List {
    let ask = Ask::List(PlaneList { path, query: QUERY, items: "value", token: None });
    List { what, ask, name: "/name", not: None, kept: nothing, change, by_principal: false }
}

pub(super) static SERVICE: Service = Service {
    word: "search",
    name: "AI Search",
    kind: "microsoft.search/searchservices",
    carrier: "microsoft.search/searchservices",
    api: "2025-05-01",
    host,
    clouds: [
        Some((".search.windows.net", "https://search.azure.com")),
        Some((".search.azure.us", "https://search.azure.us")),
        Some((".search.azure.cn", "https://search.azure.cn")),
    ],
    lists: &[
        list("data source", "datasources"),
        list("indexer", "indexers"),
        list("skillset", "skillsets"),
        list("index", "indexes"),
        list("synonym map", "synonymmaps"),
        list("knowledge source", "knowledgesources"),
        list("knowledge base", "knowledgebases"),
    ],
    partial: false,
};
