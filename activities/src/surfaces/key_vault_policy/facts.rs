//! Activities: entries in key vaults, as they were read. Pure.

use crate::azure::{ClientId, DirectoryId, PrincipalId, ResourceId};
use crate::references::members::id;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An entry in a key vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessPolicy {
    /// The vault's ARM id.
    pub vault: ResourceId,
    /// The tenant.
    pub tenant_id: DirectoryId,
    /// Together with an application, for compound identities.
    pub application_id: Option<ClientId>,
    /// What it allows, as Azure has it.
    pub permissions: Value,
    /// The vault goes by roles, so the entry is without effect.
    pub ignored: bool,
}

/// Whether a vault goes by roles, and its entries are without effect.
pub(crate) fn goes_by_roles(vault: &Value) -> bool {
    vault.pointer("/properties/enableRbacAuthorization") == Some(&Value::Bool(true))
}

/// The entries of a vault for one principal.
pub(crate) fn access_policies(vault: &Value, principal: &PrincipalId) -> Vec<AccessPolicy> {
    let Some(id) = id::<ResourceId>(vault, "/id") else { return Vec::new() };
    let entries = vault.pointer("/properties/accessPolicies").and_then(Value::as_array);
    let ignored = goes_by_roles(vault);
    let of_it = |entry: &&Value| entry["objectId"].as_str().is_some_and(|oid| principal == oid);
    entries
        .into_iter()
        .flatten()
        .filter(of_it)
        .filter_map(|entry| {
            Some(AccessPolicy {
                vault: id.clone(),
                tenant_id: self::id(entry, "/tenantId")?,
                application_id: self::id(entry, "/applicationId"),
                permissions: entry.get("permissions").cloned().unwrap_or_else(|| json!({})),
                ignored,
            })
        })
        .collect()
}
