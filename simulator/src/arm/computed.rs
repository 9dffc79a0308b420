//! ARM: what a provider computes inside a resource. A client that sends the whole resource leaves it out, and
//! it is there afterwards as it was before. Pure.
//!
//! Source: the properties that are marked as read-only in the descriptions of these types
//! (network/2024-01-01, containerservice/2024-05-01, logic/2019-05-01, apimanagement/2022-08-01,
//! containerinstance/2023-05-01).

use serde_json::Value;

/// By type, in lower case; `[]` is every item, `*` every member.
const COMPUTED: [(&str, &[&str]); 5] = [
    (
        "microsoft.apimanagement/service/certificates",
        &["expirationDate", "keyVault.lastStatus", "subject", "thumbprint"],
    ),
    (
        "microsoft.containerinstance/containergroups",
        &[
            "containers[].properties.instanceView",
            "initContainers[].properties.instanceView",
            "instanceView",
            "ipAddress.fqdn",
        ],
    ),
    (
        "microsoft.containerservice/managedclusters",
        &[
            "addonProfiles.*.identity",
            "agentPoolProfiles[].currentOrchestratorVersion",
            "agentPoolProfiles[].nodeImageVersion",
            "agentPoolProfiles[].provisioningState",
            "azurePortalFQDN",
            "currentKubernetesVersion",
            "fqdn",
            "ingressProfile.webAppRouting.identity",
            "maxAgentPools",
            "oidcIssuerProfile.issuerURL",
            "podIdentityProfile.userAssignedIdentities[].provisioningInfo",
            "podIdentityProfile.userAssignedIdentities[].provisioningState",
            "powerState",
            "privateFQDN",
            "privateLinkResources[].privateLinkServiceID",
            "resourceUID",
        ],
    ),
    (
        "microsoft.logic/workflows",
        &[
            "accessEndpoint",
            "changedTime",
            "createdTime",
            "integrationAccount.name",
            "integrationAccount.type",
            "integrationServiceEnvironment.name",
            "integrationServiceEnvironment.type",
            "sku",
            "version",
        ],
    ),
    (
        "microsoft.network/applicationgateways",
        &[
            "*[].etag",
            "*[].type",
            "*[].properties.provisioningState",
            "*[].properties.*[].etag",
            "*[].properties.*[].type",
            "*[].properties.*[].properties.provisioningState",
            "backendAddressPools[].properties.backendIPConfigurations",
            "defaultPredefinedSslPolicy",
            "operationalState",
            "privateEndpointConnections",
            "resourceGuid",
            "sslCertificates[].properties.publicCertData",
            "trustedClientCertificates[].properties.clientCertIssuerDN",
            "trustedClientCertificates[].properties.validatedCertData",
        ],
    ),
];

/// Puts back into a resource that was sent whole what its provider computes.
pub(crate) fn keep(kind: &str, before: &Value, after: &mut Value) {
    let row = COMPUTED.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind));
    for path in row.into_iter().flat_map(|(_, paths)| *paths) {
        let parts: Vec<&str> = path.split('.').collect();
        if let (Some(before), Some(after)) = (before.get("properties"), after.get_mut("properties")) {
            restore(before, after, &parts);
        }
    }
}

fn restore(before: &Value, after: &mut Value, path: &[&str]) {
    let (Some((part, rest)), Some(was), Some(is)) =
        (path.split_first(), before.as_object(), after.as_object_mut())
    else {
        return;
    };
    let (name, list) = part.strip_suffix("[]").map_or((*part, false), |name| (name, true));
    for (key, was) in was.iter().filter(|(key, _)| name == "*" || *key == name) {
        if rest.is_empty() {
            is.insert(key.clone(), was.clone());
        } else if let Some(is) = is.get_mut(key) {
            match (was.as_array(), is.as_array_mut()) {
                (Some(was), Some(is)) if list => {
                    was.iter().zip(is).for_each(|(was, is)| restore(was, is, rest));
                }
                _ if !list => restore(was, is, rest),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_computed_survives_a_whole_resource_without_it_and_cannot_be_set() {
        let before = json!({"properties": {"fqdn": "a.example", "dnsPrefix": "a",
            "agentPoolProfiles": [{"name": "p", "nodeImageVersion": "1"}]}});
        let mut after =
            json!({"properties": {"fqdn": "mine", "agentPoolProfiles": [{"name": "p", "count": 3}]}});
        keep("Microsoft.ContainerService/managedClusters", &before, &mut after);
        let pools = json!([{"name": "p", "count": 3, "nodeImageVersion": "1"}]);
        assert_eq!(after, json!({"properties": {"fqdn": "a.example", "agentPoolProfiles": pools}}));
    }
}
