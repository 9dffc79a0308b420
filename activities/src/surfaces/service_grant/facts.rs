//! Activities: grants inside services, as they were read. Pure.

use crate::azure::ResourceId;
use crate::references::known;
use crate::references::members::id;
use crate::references::scan::{Identifier, Identifiers, Mention, scan};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A grant that is a child resource of some service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceGrant {
    /// Its ARM id.
    pub id: ResourceId,
    /// The API version it was read with.
    pub api_version: String,
    /// Its writable body.
    pub body: Value,
}

/// Members that only Azure writes, inside the grants that services keep.
const READ_ONLY: [&str; 6] =
    ["provisioningState", "aadObjectId", "principalName", "tenantName", "objectId", "createdDate"];

/// Servers with one administrator, which is a host and no grant.
pub(crate) fn is_single(id: &ResourceId) -> bool {
    id.kind().and_then(|kind| known::of(&kind)).is_some_and(|known| known.single)
}

/// A grant inside a service, where it names the identity.
pub(crate) fn service_grant(body: &Value, api_version: &str, who: &Identifiers) -> Option<ServiceGrant> {
    let id: ResourceId = id(body, "/id").filter(|id| !is_single(id))?;
    let mut properties = body.get("properties")?.clone();
    // Whoever is granted something is named by client or principal id; a resource id is what the service
    // itself signs in with, and is re-pointed like any reference.
    let granted = |mention: &Mention| mention.identifier != Identifier::ResourceId;
    let named = !who.in_text(id.name()).is_empty() || scan(&properties, who).iter().any(granted);
    if !named {
        return None;
    }
    let kind = id.kind().unwrap_or_default().folded();
    let kusto = kind.ends_with("/principalassignments");
    if let Some(members) = properties.as_object_mut() {
        // Only of Kusto are all of these computed; elsewhere the caller sends some of them.
        members
            .retain(|name, _| name != "provisioningState" && !(kusto && READ_ONLY.contains(&name.as_str())));
    }
    Some(ServiceGrant { id, api_version: api_version.to_owned(), body: json!({ "properties": properties }) })
}
