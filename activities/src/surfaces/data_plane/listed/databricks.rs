//! Activities: Unity Catalog. Storage credentials and service credentials name an identity beside the access connector that
//! has it. Whoever is no administrator of the metastore is shown only their own, so the general step stays. Pure data.
//! Source: <https://docs.databricks.com/api/azure/workspace/storagecredentials/list>,
//! <https://docs.databricks.com/api/azure/workspace/credentials/listcredentials>; the audience:
//! <https://learn.microsoft.com/azure/databricks/dev-tools/auth/aad-token-manual>

use super::rest::az_rest;
use crate::azure::PlaneList;
use crate::commands::shell::{quoted, url_part};
use crate::references::members;
use crate::surfaces::data_plane::service::{Ask, Change, List, Service};
use serde_json::{Value, json};

const AUDIENCE: &str = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";

fn connector(entry: &Value) -> Value {
    entry["azure_managed_identity"]["access_connector_id"].clone()
}

fn change(change: &Change<'_>) -> String {
    let Ask::List(list) = change.list.ask else { return String::new() };
    let connector: Value = serde_json::from_str(&change.object.kept).unwrap_or_default();
    let body = json!({"azure_managed_identity": {"access_connector_id": connector, "managed_identity_id": change.to}});
    let path = format!("{}/{}", list.path, url_part(&change.object.name));
    format!("  {} --body {}", az_rest(change, "patch", &path), quoted(&body.to_string()))
}

const fn list(what: &'static str, path: &'static str, items: &'static str) -> List {
    let token = Some(("next_page_token", "page_token"));
    let ask = Ask::List(PlaneList { path, query: &[("max_results", "0")], items, token });
    List { what, ask, name: "/name", not: None, kept: connector, change, by_principal: false }
}

pub(super) static SERVICE: Service = Service {
    word: "databricks",
    name: "Databricks",
    kind: "microsoft.databricks/workspaces",
    carrier: "microsoft.databricks/accessconnectors",
    api: "2023-02-01",
    host: |body| members::text(body, "/properties/workspaceUrl"),
    clouds: [
        Some((".azuredatabricks.net", AUDIENCE)),
        Some((".databricks.azure.us", AUDIENCE)),
        Some((".databricks.azure.cn", AUDIENCE)),
    ],
    lists: &[
        list("storage credential", "api/2.1/unity-catalog/storage-credentials", "storage_credentials"),
        List {
            not: Some(("purpose", "STORAGE")),
            ..list("service credential", "api/2.1/unity-catalog/credentials", "credentials")
        },
    ],
    partial: true,
};
