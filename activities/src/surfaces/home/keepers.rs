//! Activities: services that keep identities inside, in what no list of Azure shows: only they tell, and the log of
//! sign-ins does. Pure.

/// One type.
pub(crate) struct Kept {
    /// The type, in lower case.
    pub(crate) kind: &'static str,
    /// What names identities in it.
    pub(crate) what: &'static str,
    /// The command that shows it, with `{name}`, `{group}`, `{subscription}` and `{id}` as words of a shell; empty where
    /// there is none.
    pub(crate) command: &'static str,
}

/// The types. Sources: <https://learn.microsoft.com/azure/databricks/connect/unity-catalog/cloud-storage/storage-credentials>,
/// <https://learn.microsoft.com/azure/search/search-how-to-managed-identities>, `az automation`, `az synapse`, `az load`,
/// `az batch`, `az ml`, <https://learn.microsoft.com/purview/data-map-data-scan-credentials>
pub(crate) const KEPT: [Kept; 9] = [
    Kept {
        kind: "microsoft.databricks/accessconnectors",
        what: "storage credentials and service credentials of Unity Catalog that use it",
        command: "databricks storage-credentials list --output json\n  databricks credentials list-credentials --output json",
    },
    Kept {
        kind: "microsoft.search/searchservices",
        what: "data sources, skillsets and vectorizers of its indexes",
        command: "az rest --method get --resource https://search.azure.com --url https://{name}'.search.windows.net/datasources?api-version=2024-07-01'\n  \
                  az rest --method get --resource https://search.azure.com --url https://{name}'.search.windows.net/skillsets?api-version=2024-07-01'\n  \
                  az rest --method get --resource https://search.azure.com --url https://{name}'.search.windows.net/indexes?api-version=2024-07-01'",
    },
    Kept {
        kind: "microsoft.kusto/clusters",
        what: "policies of managed identities and continuous exports in its databases",
        command: "",
    },
    Kept {
        kind: "microsoft.automation/automationaccounts",
        what: "runbooks and variables",
        command: "az rest --method get --url {id}'/variables?api-version=2023-11-01'\n  \
                  az automation runbook list --subscription {subscription} --resource-group {group} --automation-account-name {name}",
    },
    Kept {
        kind: "microsoft.synapse/workspaces",
        what: "credentials and linked services",
        command: "az synapse linked-service list --workspace-name {name}",
    },
    Kept { kind: "microsoft.purview/accounts", what: "credentials of scans", command: "" },
    Kept {
        kind: "microsoft.loadtestservice/loadtests",
        what: "identities of tests, and those that read their secrets",
        command: "az load test list --load-test-resource {name} --resource-group {group}",
    },
    Kept {
        kind: "microsoft.batch/batchaccounts",
        what: "jobs, job schedules and tasks",
        command: "az batch job list --account-name {name}\n  az batch job-schedule list --account-name {name}",
    },
    Kept {
        kind: "microsoft.machinelearningservices/workspaces",
        what: "jobs, deployments and datastores",
        command: "az ml datastore list --workspace-name {name} --resource-group {group} --subscription {subscription}",
    },
];

/// What a type keeps, by its name in any case.
pub(crate) fn of(kind: &str) -> Option<&'static Kept> {
    KEPT.iter().find(|kept| kept.kind.eq_ignore_ascii_case(kind))
}
