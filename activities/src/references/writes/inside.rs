//! Activities: how types are written whose descriptions name no identity, and that name one in a text which they leave open:
//! policies and fragments of API Management at every scope, back ends, and authentication of container apps. A PUT takes
//! each of them whole. Pure.
//!
//! Source: apimanagement/2024-05-01 (`Policy_CreateOrUpdate` and the same of products, APIs, operations, resolvers and
//! workspaces, `PolicyFragment_CreateOrUpdate`, `Backend_CreateOrUpdate`, whose PATCH takes an ETag besides),
//! app/2025-07-01 (`ContainerAppsAuthConfigs_CreateOrUpdate`)

/// What stands before and behind whatever is between.
const TYPES: [[&str; 2]; 4] = [
    ["microsoft.apimanagement/service/", "policies"],
    ["microsoft.apimanagement/service/", "policyfragments"],
    ["microsoft.apimanagement/service/", "backends"],
    ["microsoft.app/containerapps/", "authconfigs"],
];

/// Whether a type is written whole, by its name in lower case.
pub(super) fn is_whole(folded: &str) -> bool {
    let last = folded.rsplit('/').next().unwrap_or_default();
    TYPES.iter().any(|[head, end]| folded.starts_with(head) && last == *end)
}
