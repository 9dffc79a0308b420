//! Activities: Purview. Credentials of scans name an identity by its resource id. Pure data.
//! Source: purview scanning/2023-09-01 (`Credential_List`), <https://learn.microsoft.com/purview/data-map-data-scan-credentials>

use super::rest::read_and_put;
use crate::azure::PlaneList;
use crate::commands::shell::url_part;
use crate::references::members;
use crate::surfaces::data_plane::service::{Ask, Change, List, Service, nothing};

fn change(change: &Change<'_>) -> String {
    let path = format!("scan/credentials/{}?api-version=2023-09-01", url_part(&change.object.name));
    read_and_put(change, &path, "", "")
}

pub(super) static SERVICE: Service = Service {
    word: "purview",
    name: "Purview",
    kind: "microsoft.purview/accounts",
    carrier: "microsoft.purview/accounts",
    api: "2021-07-01",
    host: |body| members::text(body, "/properties/endpoints/scan"),
    clouds: [Some((".purview.azure.com", "https://purview.azure.net")), None, None],
    lists: &[List {
        what: "credential of scans",
        ask: Ask::List(PlaneList {
            path: "scan/credentials",
            query: &[("api-version", "2023-09-01")],
            items: "value",
            token: None,
        }),
        name: "/name",
        not: None,
        kept: nothing,
        change,
        by_principal: false,
    }],
    partial: false,
};
