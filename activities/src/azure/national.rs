//! Azure: the clouds that have a name. Pure; the rest of what is said of a cloud comes from itself.

/// A cloud with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct National {
    /// What people call it on the command line.
    pub name: &'static str,
    /// What it calls itself in its metadata.
    pub own_name: &'static str,
    /// Its Resource Manager.
    pub manager: &'static str,
    /// Its Microsoft Graph.
    pub graph: &'static str,
    /// For whom outside tokens are meant that are exchanged here, unless somebody chose otherwise.
    pub exchange: &'static str,
}

/// The clouds that have a name.
/// Source: <https://learn.microsoft.com/graph/deployments>, <https://learn.microsoft.com/entra/workload-id/>,
/// and `/metadata/endpoints` of each of them.
pub const CLOUDS: [National; 3] = [
    National {
        name: "azure",
        own_name: "AzureCloud",
        manager: "https://management.azure.com",
        graph: "https://graph.microsoft.com",
        exchange: "api://AzureADTokenExchange",
    },
    National {
        name: "usgov",
        own_name: "AzureUSGovernment",
        manager: "https://management.usgovcloudapi.net",
        graph: "https://graph.microsoft.us",
        exchange: "api://AzureADTokenExchangeUSGov",
    },
    National {
        name: "china",
        own_name: "AzureChinaCloud",
        manager: "https://management.chinacloudapi.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        exchange: "api://AzureADTokenExchangeChina",
    },
];

/// A cloud by what people call it.
pub fn named(name: &str) -> Option<&'static National> {
    CLOUDS.iter().find(|cloud| cloud.name == name)
}

/// A cloud by what it calls itself, or else by its Resource Manager.
pub(super) fn known(own_name: &str, manager: &url::Url) -> Option<&'static National> {
    let same =
        |cloud: &&National| url::Url::parse(cloud.manager).is_ok_and(|url| url.host() == manager.host());
    CLOUDS.iter().find(|cloud| cloud.own_name == own_name).or_else(|| CLOUDS.iter().find(same))
}

/// The cloud for which an audience is meant, where it is one that a cloud has by default.
pub fn of_audience(audience: &str) -> Option<&'static National> {
    CLOUDS.iter().find(|cloud| cloud.exchange.eq_ignore_ascii_case(audience))
}
