//! Activities: Batch. Files, registries and mounts of pools, jobs and job schedules name an identity by its resource id.
//! Pure data.
//! Source: batch/2024-07-01.20.0 (`ListPools`, `ListJobs`, `ListJobSchedules`, `BatchNodeIdentityReference`)

use super::rest::az_rest;
use crate::azure::PlaneList;
use crate::commands::shell::url_part;
use crate::references::members;
use crate::surfaces::data_plane::service::{Ask, Change, List, Service, nothing};

/// Little of them can be changed: most is made again.
fn change(change: &Change<'_>) -> String {
    let Ask::List(list) = change.list.ask else { return String::new() };
    let path = format!("{}/{}?api-version=2024-07-01.20.0", list.path, url_part(&change.object.name));
    let how = match list.path {
        "jobschedules" => "Its jobs get this with their next recurrence: write the schedule again with",
        "pools" => {
            "New nodes alone get another start task: write its properties again, or make the pool again, with"
        }
        _ => "A job cannot be changed in this: let it end, and make the next one with",
    };
    format!("  {}\n{how}\n  {}\nin the place of\n  {}", az_rest(change, "get", &path), change.to, change.from)
}

const fn list(what: &'static str, path: &'static str) -> List {
    let query = &[("api-version", "2024-07-01.20.0")];
    let ask = Ask::List(PlaneList { path, query, items: "value", token: None });
    List { what, ask, name: "/id", not: None, kept: nothing, change, by_principal: false }
}

pub(super) static SERVICE: Service = Service {
    word: "batch",
    name: "Batch",
    kind: "microsoft.batch/batchaccounts",
    carrier: "microsoft.batch/batchaccounts",
    api: "2024-02-01",
    host: |body| members::text(body, "/properties/accountEndpoint"),
    clouds: [
        Some((".batch.azure.com", "https://batch.core.windows.net")),
        Some((".batch.usgovcloudapi.net", "https://batch.core.usgovcloudapi.net")),
        Some((".batch.chinacloudapi.cn", "https://batch.chinacloudapi.cn")),
    ],
    lists: &[list("pool", "pools"), list("job", "jobs"), list("job schedule", "jobschedules")],
    partial: true,
};
