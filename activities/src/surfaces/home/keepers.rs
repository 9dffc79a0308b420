//! Activities: services that keep identities inside, in what no list of Azure shows: only they tell, and the log of
//! sign-ins does. Pure.

/// One type.
pub(crate) struct Kept {
    /// The type, in lower case.
    pub(crate) kind: &'static str,
    /// What names identities in it.
    pub(crate) what: &'static str,
    /// The command that shows it, with `{name}`, `{group}`, `{subscription}` and `{id}` as words of a shell, and the
    /// `{domain}` and `{audience}` of its data plane in this cloud; empty where there is none.
    pub(crate) command: &'static str,
    /// Whether a right in it is a sign that it keeps the identity: not of what many may manage.
    pub(crate) by_right: bool,
}

/// The types. Sources: <https://learn.microsoft.com/azure/databricks/connect/unity-catalog/cloud-storage/storage-credentials>,
/// <https://learn.microsoft.com/azure/search/search-how-to-managed-identities>, `az automation`, `az synapse`, `az load`,
/// `az batch`, `az ml`, <https://learn.microsoft.com/purview/data-map-data-scan-credentials>,
/// <https://azure.github.io/secrets-store-csi-driver-provider-azure/docs/configurations/identity-access-modes/user-assigned-msi-mode/>,
/// <https://keda.sh/docs/latest/authentication-providers/azure-ad-workload-identity/>, `az appconfig`, `az staticwebapp`
pub(crate) const KEPT: [Kept; 12] = [
    Kept {
        kind: "microsoft.databricks/accessconnectors",
        what: "storage credentials and service credentials of Unity Catalog that use it",
        command: "databricks storage-credentials list --output json\n  databricks credentials list-credentials --output json",
        by_right: true,
    },
    Kept {
        kind: "microsoft.search/searchservices",
        what: "data sources, skillsets and vectorizers of its indexes",
        command: "az rest --method get --resource {audience} --url https://{name}'{domain}/datasources?api-version=2024-07-01'\n  \
                  az rest --method get --resource {audience} --url https://{name}'{domain}/skillsets?api-version=2024-07-01'\n  \
                  az rest --method get --resource {audience} --url https://{name}'{domain}/indexes?api-version=2024-07-01'",
        by_right: true,
    },
    Kept {
        kind: "microsoft.kusto/clusters",
        what: "policies of managed identities and continuous exports in its databases",
        command: "",
        by_right: true,
    },
    Kept {
        kind: "microsoft.automation/automationaccounts",
        what: "encrypted variables, drafts of runbooks, modules and configurations",
        command: "az rest --method get --url {id}'/variables?api-version=2023-11-01' --query 'value[?properties.isEncrypted].name'\n  \
                  az automation runbook list --subscription {subscription} --resource-group {group} --automation-account-name {name} --query \"[?state!='Published'].name\"\n  \
                  az automation configuration list --subscription {subscription} --resource-group {group} --automation-account-name {name}",
        by_right: true,
    },
    Kept {
        kind: "microsoft.synapse/workspaces",
        what: "credentials and linked services",
        command: "az synapse linked-service list --workspace-name {name}",
        by_right: true,
    },
    Kept {
        kind: "microsoft.purview/accounts",
        what: "credentials of scans",
        command: "az rest --method get --resource {audience} --url https://{name}'{domain}/scan/credentials?api-version=2023-09-01'",
        by_right: true,
    },
    Kept {
        kind: "microsoft.loadtestservice/loadtests",
        what: "identities of tests, and those that read their secrets",
        command: "az load test list --load-test-resource {name} --resource-group {group}",
        by_right: true,
    },
    Kept {
        kind: "microsoft.batch/batchaccounts",
        what: "jobs, job schedules and tasks",
        command: "az batch job list --account-name {name}\n  az batch job-schedule list --account-name {name}",
        by_right: true,
    },
    Kept {
        kind: "microsoft.machinelearningservices/workspaces",
        what: "jobs, deployments and datastores",
        command: "az ml datastore list --workspace-name {name} --resource-group {group} --subscription {subscription}",
        by_right: true,
    },
    Kept {
        kind: "microsoft.containerservice/managedclusters",
        what: "secret providers, KEDA triggers, storage classes, certificate issuers and secret stores of its workloads",
        command: "az aks get-credentials --subscription {subscription} --resource-group {group} --name {name}\n  \
                  for kind in secretproviderclasses triggerauthentications clustertriggerauthentications scaledobjects \
                  storageclasses issuers clusterissuers secretstores clustersecretstores; \
                  do kubectl get \"$kind\" -A -o yaml | grep -i -E 'userAssignedIdentityID|identityId|clientID'; done",
        by_right: false,
    },
    Kept {
        kind: "microsoft.appconfiguration/configurationstores",
        what: "key values that name it for those who read their configuration there",
        command: "az appconfig kv list --name {name} --auth-mode login --all --fields key label value",
        by_right: true,
    },
    Kept {
        kind: "microsoft.web/staticsites",
        what: "settings of its functions",
        command: "az staticwebapp appsettings list --subscription {subscription} --resource-group {group} --name {name}",
        by_right: false,
    },
];

/// What a type keeps, by its name in any case.
pub(crate) fn of(kind: &str) -> Option<&'static Kept> {
    KEPT.iter().find(|kept| kept.kind.eq_ignore_ascii_case(kind))
}
