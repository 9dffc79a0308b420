//! Key Vault room of the local Azure: `accessPolicies/add|replace|remove` of a vault. Vaults themselves are generic
//! resources. Pure rules over the objects of the estate.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::authorization::{Answer, Call, Objects};

/// Azure's limit of access policies in one vault.
const ENTRIES_MAX: usize = 1024;
/// What an entry may name under `permissions`.
const KINDS: [&str; 4] = ["keys", "secrets", "certificates", "storage"];

/// How the entries of a request meet those of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// The permissions of an entry join those that are there.
    Add,
    /// An entry takes the place of the one with the same principal.
    Replace,
    /// The permissions of an entry are taken away; an entry with none left goes.
    Remove,
}

/// Answers `PUT {vault}/accessPolicies/{operation}`; `None` for any other path.
pub(crate) fn handle(objects: &mut dyn Objects, call: &Call) -> Option<Answer> {
    let (parent, operation) = call.path.trim_end_matches('/').rsplit_once('/')?;
    let (vault, segment) = parent.rsplit_once('/')?;
    let is_vault = vault.to_ascii_lowercase().contains("/providers/microsoft.keyvault/vaults/");
    if !is_vault || !segment.eq_ignore_ascii_case("accessPolicies") {
        return None;
    }
    if call.method != "PUT" {
        return Some(Answer::method_not_allowed(call.method));
    }
    Some(put(objects, call, vault, operation).unwrap_or_else(|refusal| refusal))
}

fn bad(message: impl Into<String>) -> Answer {
    Answer::error(400, "BadRequest", message.into())
}

fn put(objects: &mut dyn Objects, call: &Call, vault: &str, operation: &str) -> Result<Answer, Answer> {
    let operation = match operation.to_ascii_lowercase().as_str() {
        "add" => Operation::Add,
        "replace" => Operation::Replace,
        "remove" => Operation::Remove,
        _ => return Err(bad(format!("Invalid access policy operation '{operation}'."))),
    };
    let Some(found) = objects.get(vault) else {
        let name = vault.rsplit('/').next().unwrap_or_default();
        let group = vault.split('/').nth(4).unwrap_or_default();
        let message = format!(
            "The Resource 'Microsoft.KeyVault/vaults/{name}' under resource group '{group}' was not found. For more \
             details please go to https://aka.ms/ARMResourceNotFoundFix"
        );
        return Err(Answer::error(404, "ResourceNotFound", message));
    };
    let mut body = found.clone();
    let sent = call.body.pointer("/properties/accessPolicies").and_then(Value::as_array);
    let Some(sent) = sent else {
        return Err(bad("The request body is missing the required property 'properties.accessPolicies'."));
    };
    for entry in sent {
        check(entry, body.pointer("/properties/tenantId").and_then(Value::as_str))?;
    }
    let old =
        body.pointer("/properties/accessPolicies").and_then(Value::as_array).cloned().unwrap_or_default();
    let new = merge(operation, &old, sent);
    if new.len() > ENTRIES_MAX {
        return Err(bad(format!("The vault may hold at most {ENTRIES_MAX} access policies.")));
    }
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("accessPolicies".to_owned(), Value::Array(new.clone()));
    }
    let id = body.get("id").and_then(Value::as_str).unwrap_or(vault).to_owned();
    if new != old {
        objects.put(&id, body);
    }
    let shown = json!({
        "id": format!("{id}/accessPolicies/"), "type": "Microsoft.KeyVault/vaults/accessPolicies",
        "properties": { "accessPolicies": new },
    });
    Ok(Answer::json(200, shown))
}

fn check(entry: &Value, tenant: Option<&str>) -> Result<(), Answer> {
    let field = |name: &str| entry.get(name).and_then(Value::as_str);
    if field("objectId").is_none_or(|id| uuid::Uuid::parse_str(id).is_err()) {
        return Err(bad("An access policy must have an objectId that is a GUID."));
    }
    let own = field("tenantId").is_some_and(|id| tenant.is_none_or(|tenant| id.eq_ignore_ascii_case(tenant)));
    if !own {
        return Err(bad("An access policy must have the tenantId of its vault."));
    }
    let Some(permissions) = entry.get("permissions").and_then(Value::as_object) else {
        return Err(bad("An access policy must have permissions."));
    };
    match permissions.iter().find(|(kind, list)| !KINDS.contains(&kind.as_str()) || !list_of_text(list)) {
        Some((kind, _)) => Err(bad(format!("The permissions '{kind}' of an access policy are not valid."))),
        None => Ok(()),
    }
}

fn list_of_text(list: &Value) -> bool {
    list.is_null() || list.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

/// What makes two entries one: tenant, object and application, without case.
fn key(entry: &Value) -> [String; 3] {
    ["tenantId", "objectId", "applicationId"]
        .map(|name| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase())
}

fn merge(operation: Operation, old: &[Value], sent: &[Value]) -> Vec<Value> {
    let mut places: BTreeMap<[String; 3], usize> =
        old.iter().enumerate().map(|(place, entry)| (key(entry), place)).collect();
    let mut new = old.to_vec();
    for entry in sent {
        let place = places.get(&key(entry)).copied();
        match (operation, place.and_then(|place| new.get_mut(place))) {
            (Operation::Add, Some(there)) => change(there, entry, union),
            (Operation::Replace, Some(there)) => *there = entry.clone(),
            (Operation::Remove, Some(there)) => change(there, entry, without),
            (Operation::Remove, None) => {}
            (Operation::Add | Operation::Replace, None) => {
                places.insert(key(entry), new.len());
                new.push(entry.clone());
            }
        }
    }
    if operation == Operation::Remove {
        let touched: Vec<_> = sent.iter().map(key).collect();
        new.retain(|entry| !touched.contains(&key(entry)) || grants_something(entry));
    }
    new
}

fn grants_something(entry: &Value) -> bool {
    let permissions = entry.get("permissions").and_then(Value::as_object);
    permissions
        .is_some_and(|kinds| kinds.values().any(|list| list.as_array().is_some_and(|list| !list.is_empty())))
}

fn change(there: &mut Value, sent: &Value, combine: fn(Vec<Value>, &[Value]) -> Vec<Value>) {
    let mut permissions = there.get("permissions").and_then(Value::as_object).cloned().unwrap_or_default();
    for (kind, list) in sent.get("permissions").and_then(Value::as_object).unwrap_or(&Map::new()) {
        let have = permissions.get(kind).and_then(Value::as_array).cloned().unwrap_or_default();
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        permissions.insert(kind.clone(), Value::Array(combine(have, list)));
    }
    if let Some(object) = there.as_object_mut() {
        object.insert("permissions".to_owned(), Value::Object(permissions));
    }
}

fn same(one: &Value, other: &Value) -> bool {
    matches!((one.as_str(), other.as_str()), (Some(one), Some(other)) if one.eq_ignore_ascii_case(other))
}

fn union(mut have: Vec<Value>, list: &[Value]) -> Vec<Value> {
    for item in list {
        if !have.iter().any(|there| same(there, item)) {
            have.push(item.clone());
        }
    }
    have
}

fn without(mut have: Vec<Value>, list: &[Value]) -> Vec<Value> {
    have.retain(|there| !list.iter().any(|item| same(there, item)));
    have
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::authorization::{Small, with_call};

    const VAULT: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv";
    const TENANT: &str = "dddddddd-0000-0000-0000-000000000000";
    const PRINCIPAL: &str = "aaaaaaaa-0000-0000-0000-000000000001";

    fn send(world: &mut Small, operation: &str, entry: Value) -> Answer {
        let body = json!({"properties": {"accessPolicies": [entry]}});
        let url = format!("{VAULT}/accessPolicies/{operation}");
        with_call("PUT", &url, &body, chrono::DateTime::UNIX_EPOCH, |call| handle(world, call).unwrap())
    }

    #[test]
    fn a_policy_is_added_to_the_vault_and_removed_again_and_nothing_else_changes() {
        let vault = json!({"id": VAULT, "properties": {"tenantId": TENANT, "accessPolicies": [], "sku": {"name": "standard"}}});
        let mut world = Small::with(vec![vault.clone()]);
        let policy = json!({"tenantId": TENANT, "objectId": PRINCIPAL, "permissions": {"secrets": ["get"]}});
        let added = send(&mut world, "add", policy.clone());
        assert_eq!(added.status, 200);
        assert_eq!(added.body.unwrap()["id"], format!("{VAULT}/accessPolicies/"));
        assert_eq!(world.get(VAULT).unwrap()["properties"]["accessPolicies"], json!([policy.clone()]));
        assert_eq!(send(&mut world, "remove", policy).status, 200);
        assert_eq!(world.get(VAULT), Some(&vault));
    }

    #[test]
    fn a_policy_of_another_tenant_an_unknown_operation_and_a_missing_vault_are_refused() {
        let vault = json!({"id": VAULT, "properties": {"tenantId": TENANT}});
        let policy = |tenant: &str| json!({"tenantId": tenant, "objectId": PRINCIPAL, "permissions": {}});
        assert_eq!(send(&mut Small::with(vec![vault.clone()]), "add", policy(PRINCIPAL)).status, 400);
        assert_eq!(send(&mut Small::with(vec![vault]), "merge", policy(TENANT)).status, 400);
        assert_eq!(send(&mut Small::with(vec![]), "add", policy(TENANT)).status, 404);
    }

    fn entry(object: &str, secrets: &[&str]) -> Value {
        json!({"tenantId": "t", "objectId": object, "permissions": {"secrets": secrets}})
    }

    #[test]
    fn add_joins_replace_exchanges_and_remove_takes_exactly_what_is_named() {
        let old = [entry("a", &["get", "list"]), entry("b", &["get"])];
        let added = merge(Operation::Add, &old, &[entry("A", &["Get", "set"]), entry("c", &["get"])]);
        assert_eq!(added, [entry("a", &["get", "list", "set"]), entry("b", &["get"]), entry("c", &["get"])]);
        let replaced = merge(Operation::Replace, &old, &[entry("b", &["set"])]);
        assert_eq!(replaced, [entry("a", &["get", "list"]), entry("b", &["set"])]);
        let removed = merge(
            Operation::Remove,
            &old,
            &[entry("a", &["list"]), entry("b", &["get"]), entry("x", &["get"])],
        );
        assert_eq!(removed, [entry("a", &["get"])]);
    }

    #[test]
    fn a_compound_identity_is_another_entry_than_the_principal_alone() {
        let mut compound = entry("a", &["get"]);
        compound["applicationId"] = json!("app");
        let added = merge(Operation::Add, &[entry("a", &["list"])], &[compound.clone()]);
        assert_eq!(added, [entry("a", &["list"]), compound]);
    }
}
