//! Simulator: which data planes there are: their domains, for whom tokens are, and their lists. Pure data.

use serde_json::Value;

/// The data plane of one service.
pub(super) struct Plane {
    /// The type that says the host, in lower case.
    pub(super) kind: &'static str,
    /// The host that a resource of it says.
    pub(super) host: fn(&Value) -> Option<String>,
    /// What names end with: in the public cloud, that of the US government, and China's; empty where it is not offered.
    pub(super) domains: [&'static str; 3],
    /// For whom a token has to be, in the same clouds.
    pub(super) audiences: [&'static str; 3],
    pub(super) form: Form,
}

/// How it is asked.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Lists(&'static [List]),
    /// By commands that show something.
    Commands,
}

/// One list.
pub(super) struct List {
    /// Its path, without a slash before it.
    pub(super) path: &'static str,
    /// The one version that is played; empty where there is none.
    pub(super) version: &'static str,
    pub(super) items: &'static str,
    /// The member that says where more is.
    pub(super) next: &'static str,
    /// Whether one of it can be written.
    pub(super) put: bool,
}

impl Plane {
    /// The cloud in which this is a name of the service.
    pub(super) fn cloud_of(&self, host: &str) -> Option<usize> {
        let host = host.to_ascii_lowercase();
        self.domains.iter().position(|domain| {
            !domain.is_empty() && host.strip_suffix(domain).is_some_and(|name| !name.is_empty())
        })
    }
}

/// The query of the next page.
pub(super) const SKIP: &str = "$skiptoken";

const fn list(path: &'static str, version: &'static str, items: &'static str, next: &'static str) -> List {
    List { path, version, items, next, put: false }
}

const SEARCH: &str = "2026-04-01";

const fn of_search(path: &'static str) -> List {
    List { path, version: SEARCH, items: "value", next: "@odata.nextLink", put: true }
}

const BATCH: &str = "2024-07-01.20.0";

/// The host in a URL, or the name itself.
fn at(body: &Value, pointer: &str) -> Option<String> {
    let text = body.pointer(pointer)?.as_str()?;
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    Some(text.split(['/', ':']).next().unwrap_or_default().to_owned())
}

fn search_host(body: &Value) -> Option<String> {
    at(body, "/properties/endpoint")
        .or_else(|| Some(format!("{}.search.windows.net", body["name"].as_str()?)))
}

/// The data planes. Sources: the descriptions search/2026-04-01, purview scanning/2023-09-01, synapse artifacts/2020-12-01,
/// load testing/2024-12-01-preview and batch/2024-07-01.20.0 of azure-rest-api-specs;
/// <https://docs.databricks.com/api/azure/workspace/storagecredentials/list>;
/// <https://learn.microsoft.com/kusto/api/rest/request>.
pub(super) const PLANES: [Plane; 7] = [
    Plane {
        kind: "microsoft.search/searchservices",
        host: search_host,
        domains: [".search.windows.net", ".search.azure.us", ".search.azure.cn"],
        audiences: ["https://search.azure.com", "https://search.azure.us", "https://search.azure.cn"],
        form: Form::Lists(&[
            of_search("datasources"),
            of_search("indexers"),
            of_search("skillsets"),
            of_search("indexes"),
            of_search("synonymmaps"),
            of_search("knowledgesources"),
            of_search("knowledgebases"),
        ]),
    },
    Plane {
        kind: "microsoft.kusto/clusters",
        host: |body| at(body, "/properties/uri"),
        domains: [".kusto.windows.net", ".kusto.usgovcloudapi.net", ".kusto.chinacloudapi.cn"],
        audiences: [
            "https://kusto.kusto.windows.net",
            "https://kusto.kusto.usgovcloudapi.net",
            "https://kusto.kusto.chinacloudapi.cn",
        ],
        form: Form::Commands,
    },
    Plane {
        kind: "microsoft.databricks/workspaces",
        host: |body| at(body, "/properties/workspaceUrl"),
        domains: [".azuredatabricks.net", ".databricks.azure.us", ".databricks.azure.cn"],
        audiences: ["2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"; 3],
        form: Form::Lists(&[
            list("api/2.1/unity-catalog/storage-credentials", "", "storage_credentials", "next_page_token"),
            list("api/2.1/unity-catalog/credentials", "", "credentials", "next_page_token"),
        ]),
    },
    Plane {
        kind: "microsoft.synapse/workspaces",
        host: |body| at(body, "/properties/connectivityEndpoints/dev"),
        domains: [
            ".dev.azuresynapse.net",
            ".dev.azuresynapse.usgovcloudapi.net",
            ".dev.azuresynapse.azure.cn",
        ],
        audiences: [
            "https://dev.azuresynapse.net",
            "https://dev.azuresynapse.usgovcloudapi.net",
            "https://dev.azuresynapse.azure.cn",
        ],
        form: Form::Lists(&[
            list("credentials", "2020-12-01", "value", "nextLink"),
            list("linkedservices", "2020-12-01", "value", "nextLink"),
        ]),
    },
    Plane {
        kind: "microsoft.purview/accounts",
        host: |body| at(body, "/properties/endpoints/scan"),
        domains: [".purview.azure.com", "", ""],
        audiences: ["https://purview.azure.net", "", ""],
        form: Form::Lists(&[list("scan/credentials", "2023-09-01", "value", "nextLink")]),
    },
    Plane {
        kind: "microsoft.loadtestservice/loadtests",
        host: |body| at(body, "/properties/dataPlaneURI"),
        domains: [".cnt-prod.loadtesting.azure.com", ".cnt-prod.loadtesting.azure.us", ""],
        audiences: ["https://cnt-prod.loadtesting.azure.com", "https://cnt-prod.loadtesting.azure.us", ""],
        form: Form::Lists(&[list("tests", "2024-12-01-preview", "value", "nextLink")]),
    },
    Plane {
        kind: "microsoft.batch/batchaccounts",
        host: |body| at(body, "/properties/accountEndpoint"),
        domains: [".batch.azure.com", ".batch.usgovcloudapi.net", ".batch.chinacloudapi.cn"],
        audiences: [
            "https://batch.core.windows.net",
            "https://batch.core.usgovcloudapi.net",
            "https://batch.chinacloudapi.cn",
        ],
        form: Form::Lists(&[
            list("pools", BATCH, "value", "odata.nextLink"),
            list("jobs", BATCH, "value", "odata.nextLink"),
            list("jobschedules", BATCH, "value", "odata.nextLink"),
        ]),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_service_and_a_bare_domain_of_none() {
        for plane in &PLANES {
            for (nth, domain) in plane.domains.iter().enumerate().filter(|(_, domain)| !domain.is_empty()) {
                let host = format!("X{domain}");
                let of: Vec<_> = PLANES.iter().filter_map(|p| p.cloud_of(&host)).collect();
                assert_eq!(of, [nth], "{host}");
                assert_eq!(plane.cloud_of(domain), None);
                assert!(PLANES.iter().all(|p| p.cloud_of(&format!("x{domain}.evil.example")).is_none()));
            }
        }
    }
}
