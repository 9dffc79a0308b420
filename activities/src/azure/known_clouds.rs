//! Azure: the clouds that have a name. Pure; the rest of what is said of a cloud comes from itself.

/// A cloud with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCloud {
    /// What people call it on the command line.
    pub name: &'static str,
    /// What it calls itself in its metadata.
    pub own_name: &'static str,
    /// Its Resource Manager.
    pub manager: &'static str,
    /// Its Microsoft Graph.
    pub graph: &'static str,
    /// Where it is signed in to; the first is what it says of itself.
    pub logins: &'static [&'static str],
    /// For whom tokens of its Resource Manager are; no other server is ever sent one.
    pub audiences: &'static [&'static str],
    /// For whom outside tokens are meant that are exchanged here, unless somebody chose otherwise.
    pub exchange: &'static str,
}

/// The clouds that have a name.
/// Source: <https://learn.microsoft.com/graph/deployments>, <https://learn.microsoft.com/entra/workload-id/>,
/// <https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud>, and `/metadata/endpoints` of
/// each of them.
pub const CLOUDS: [KnownCloud; 3] = [
    KnownCloud {
        name: "azure",
        own_name: "AzureCloud",
        manager: "https://management.azure.com",
        graph: "https://graph.microsoft.com",
        logins: &[
            "https://login.microsoftonline.com",
            "https://login.windows.net",
            "https://sts.windows.net",
        ],
        audiences: &["https://management.core.windows.net", "https://management.azure.com"],
        exchange: "api://AzureADTokenExchange",
    },
    KnownCloud {
        name: "usgov",
        own_name: "AzureUSGovernment",
        manager: "https://management.usgovcloudapi.net",
        graph: "https://graph.microsoft.us",
        logins: &["https://login.microsoftonline.us"],
        audiences: &["https://management.core.usgovcloudapi.net", "https://management.usgovcloudapi.net"],
        exchange: "api://AzureADTokenExchangeUSGov",
    },
    KnownCloud {
        name: "china",
        own_name: "AzureChinaCloud",
        manager: "https://management.chinacloudapi.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        logins: &["https://login.chinacloudapi.cn", "https://login.partner.microsoftonline.cn"],
        audiences: &["https://management.core.chinacloudapi.cn", "https://management.chinacloudapi.cn"],
        exchange: "api://AzureADTokenExchangeChina",
    },
];

/// A cloud by what people call it.
pub fn named(name: &str) -> Option<&'static KnownCloud> {
    CLOUDS.iter().find(|cloud| cloud.name == name)
}

/// A cloud by the URL of its Resource Manager.
pub fn at(manager: &str) -> Option<&'static KnownCloud> {
    let host = |text: &str| Some(url::Url::parse(text).ok()?.host_str()?.to_owned());
    let wanted = host(manager)?;
    CLOUDS.iter().find(|cloud| host(cloud.manager).is_some_and(|own| own == wanted))
}

/// A cloud by its Resource Manager, or else by what it calls itself: whoever has no such address may play one.
pub(super) fn known(own_name: &str, manager: &url::Url) -> Option<&'static KnownCloud> {
    at(manager.as_str()).or_else(|| CLOUDS.iter().find(|cloud| cloud.own_name == own_name))
}

/// The number of a cloud, by where it has Microsoft Graph; that of the public one where no cloud has it there.
pub(crate) fn number_by_graph(graph: &str) -> usize {
    CLOUDS.iter().position(|cloud| cloud.graph == graph.trim_end_matches('/')).unwrap_or_default()
}

/// The cloud for which an audience is meant, where it is one that a cloud has by default.
pub fn of_audience(audience: &str) -> Option<&'static KnownCloud> {
    CLOUDS.iter().find(|cloud| cloud.exchange.eq_ignore_ascii_case(audience))
}
