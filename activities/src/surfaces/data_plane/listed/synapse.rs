//! Activities: Synapse. Credentials name an identity by its resource id, and linked services name credentials, or an identity
//! in their connection strings. Pure data.
//! Source: the data plane of a workspace, synapse artifacts/2020-12-01; the audience: <https://learn.microsoft.com/rest/api/synapse>

use super::rest::read_and_put;
use crate::azure::PlaneList;
use crate::commands::shell::url_part;
use crate::references::members;
use crate::surfaces::data_plane::service::{Ask, Change, List, Service, nothing};

fn change(change: &Change<'_>) -> String {
    let Ask::List(list) = change.list.ask else { return String::new() };
    let path = format!("{}/{}?api-version=2020-12-01", list.path, url_part(&change.object.name));
    format!(
        "{}\nSecrets are shown as asterisks: put them in object.json before it is written. Where the workspace is published \
         from a repository, change it there.",
        read_and_put(change, &path, "", "")
    )
}

const fn list(what: &'static str, path: &'static str) -> List {
    let query = &[("api-version", "2020-12-01")];
    let ask = Ask::List(PlaneList { path, query, items: "value", token: None });
    List { what, ask, name: "/name", not: None, kept: nothing, change, by_principal: false }
}

pub(super) static SERVICE: Service = Service {
    word: "synapse",
    name: "Synapse",
    kind: "microsoft.synapse/workspaces",
    carrier: "microsoft.synapse/workspaces",
    api: "2021-06-01",
    host: |body| members::text(body, "/properties/connectivityEndpoints/dev"),
    clouds: [
        Some((".dev.azuresynapse.net", "https://dev.azuresynapse.net")),
        Some((".dev.azuresynapse.usgovcloudapi.net", "https://dev.azuresynapse.usgovcloudapi.net")),
        Some((".dev.azuresynapse.azure.cn", "https://dev.azuresynapse.azure.cn")),
    ],
    lists: &[list("credential", "credentials"), list("linked service", "linkedservices")],
    partial: false,
};
