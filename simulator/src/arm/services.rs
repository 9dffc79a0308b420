//! ARM: what services require of the grants that they keep: the role or policy of a grant is one of the same
//! account, and is there. Pure. Sources: cosmos-db/2024-05-15 (rbac), redis/2024-03-01; how exactly Azure words
//! these refusals is not published.

use crate::authorization::Objects;
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::Value;

/// The roles that are in every Cosmos DB account, but for the last digit.
const BUILT_IN: &str = "00000000-0000-0000-0000-00000000000";

/// The policies that are in every cache.
const POLICIES: [&str; 3] = ["data owner", "data contributor", "data reader"];

/// The refusal of a grant that names what is not there.
pub(crate) fn refused(world: &World, path: &ArmPath, body: &Value) -> Option<Reply> {
    let kind = path.kind.to_lowercase();
    let account = path.path.rsplitn(3, '/').nth(2).unwrap_or_default();
    let text = |name: &str| body["properties"][name].as_str();
    let within = |id: &str| {
        let (id, account) = (id.to_lowercase(), account.to_lowercase());
        id == account || id.starts_with(&format!("{account}/"))
    };
    if kind.starts_with("microsoft.documentdb/databaseaccounts/") && kind.ends_with("roleassignments") {
        let role = text("roleDefinitionId")?;
        let built_in = role.rsplit('/').next().is_some_and(|guid| guid.starts_with(BUILT_IN));
        if !within(role) || !(built_in || world.get(role).is_some()) {
            let message = format!("The provided role definition '{role}' does not exist in this account.");
            return Some(Reply::error(400, "BadRequest", &message));
        }
        let scope = text("scope").filter(|scope| scope.starts_with("/subscriptions/"));
        if scope.is_some_and(|scope| !within(scope)) {
            let message = "The scope of a role assignment must be at or below the database account.";
            return Some(Reply::error(400, "BadRequest", message));
        }
    }
    if kind == "microsoft.cache/redis/accesspolicyassignments" {
        let name = text("accessPolicyName")?;
        let known = POLICIES.contains(&name.to_lowercase().as_str())
            || world.get(&format!("{account}/accessPolicies/{name}")).is_some();
        if !known {
            let message = format!("The access policy '{name}' does not exist.");
            return Some(Reply::error(400, "BadRequest", &message));
        }
    }
    None
}

/// What a service says of a new grant by the name of it: an administrator of PostgreSQL is named after its object id.
/// Source: dbforpostgresql/2025-08-01, `AdministratorMicrosoftEntraPropertiesForAdd`
pub(super) fn complete(path: &ArmPath, body: &mut Value) {
    let administrators = "microsoft.dbforpostgresql/flexibleservers/administrators";
    if path.kind.eq_ignore_ascii_case(administrators)
        && let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut)
    {
        properties.insert("objectId".to_owned(), Value::from(path.name()));
    }
}
