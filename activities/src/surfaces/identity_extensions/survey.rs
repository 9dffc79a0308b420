//! Activities: reads what stands on the identity itself: policies that are assigned there, exemptions from policies,
//! diagnostic settings. Reads only.

use crate::azure::{Reader, ResourceId, says_never};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::references::secrets::{MASK, mask};
use crate::relocate::facts::*;
use crate::relocate::survey::gaps::gap;
use crate::surfaces::host::candidates::Candidates;
use serde_json::{Map, Value, json};

const ASSIGNMENTS: &str = "Microsoft.Authorization/policyAssignments";
const EXEMPTIONS: &str = "Microsoft.Authorization/policyExemptions";

/// The list of diagnostic settings, and its version: no index shows it.
/// Source: <https://learn.microsoft.com/rest/api/monitor/diagnostic-settings/list>
const DIAGNOSTICS: (&str, &str) = ("Microsoft.Insights/diagnosticSettings", "2021-05-01-preview");

/// Members of policies that only Azure writes, and those that it writes into what people say about them.
/// Source: <https://learn.microsoft.com/rest/api/policyauthorization/policy-assignments/create>
const COMPUTED: [&str; 4] = ["scope", "instanceId", "effectiveDefinitionVersion", "latestDefinitionVersion"];
const STAMPS: [&str; 4] = ["createdBy", "createdOn", "updatedBy", "updatedOn"];

/// What stands on the identity.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) copied: Vec<IdentityExtension>,
    /// What no program copies.
    pub(crate) by_hand: Vec<ManualReference>,
    pub(crate) gaps: Vec<Gap>,
}

/// The policies of what the index found that stand on the identity, and its diagnostic settings.
pub(crate) async fn read(reader: &Reader, found: &Candidates, who: &Identifiers) -> Own {
    let mut own = Own::default();
    for (body, api) in found.of(who).filter_map(|one| Some((one.body()?, one.api()))) {
        match policy(&body, api, who) {
            Some(Ok(one)) => own.copied.push(one),
            Some(Err(one)) => own.by_hand.push(ManualReference::Policy(one)),
            None => {}
        }
    }
    let (kind, api) = DIAGNOSTICS;
    let path = format!("{}/providers/{kind}", who.resource_id);
    match reader.list(&path, api, &[]).await {
        Ok(found) => own.copied.extend(found.iter().filter_map(|body| diagnostic(body, who))),
        Err(why) if says_never(&why) => {}
        Err(why) => own.gaps.push(gap(&path, &why)),
    }
    own
}

/// What stands on the identity, with the spelling of its own id before the name.
fn own_id(body: &Value, kind: &str, who: &Identifiers) -> Option<ResourceId> {
    let id: ResourceId = members::id(body, "/id")?;
    let own = ResourceId::from(format!("{}/providers/{kind}/{}", who.resource_id, id.name()));
    (id == own).then_some(own)
}

/// A policy that is assigned on the identity, or an exemption of it: as it is copied, or why it is not.
pub(crate) fn policy(
    body: &Value,
    api: &str,
    who: &Identifiers,
) -> Option<Result<IdentityExtension, OwnPolicy>> {
    let kind = [ASSIGNMENTS, EXEMPTIONS].into_iter().find(|kind| own_id(body, kind, who).is_some())?;
    let (id, api_version) = (own_id(body, kind, who)?, api.to_owned());
    let mut properties = body.get("properties")?.clone();
    if let Some(members) = properties.as_object_mut() {
        members.retain(|name, value| !value.is_null() && !COMPUTED.contains(&name.as_str()));
        if let Some(metadata) = members.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| !STAMPS.contains(&name.as_str()));
        }
    }
    let mut writable = json!({ "properties": properties });
    let own = members::text(body, "/identity/type").filter(|kind| !kind.eq_ignore_ascii_case("None"));
    if let Some(kind) = &own {
        writable["location"] = body["location"].clone();
        writable["identity"] = identity(kind, &body["identity"]);
    }
    let by_itself = own.is_some_and(|kind| kind.to_ascii_lowercase().contains("systemassigned"));
    let secret = seems_secret(&writable);
    if by_itself || secret {
        let principal = members::id(body, "/identity/principalId");
        let body = (!secret).then(|| writable.to_string());
        return Some(Err(OwnPolicy { id, api_version, principal, body }));
    }
    Some(Ok(IdentityExtension { id, api_version, body: writable }))
}

/// A block of identities as it is sent.
fn identity(kind: &str, block: &Value) -> Value {
    let mut out = json!({ "type": kind });
    if let Some(map) = block["userAssignedIdentities"].as_object() {
        let empty: Map<String, Value> = map.keys().map(|id| (id.clone(), json!({}))).collect();
        out["userAssignedIdentities"] = Value::Object(empty);
    }
    out
}

/// Whether something in it must not come into a plan: people write whatever they like into parameters.
fn seems_secret(body: &Value) -> bool {
    let properties = &body["properties"];
    let members = json!({"parameters": properties["parameters"], "metadata": properties["metadata"]});
    let before = json!({ "type": ASSIGNMENTS, "properties": members });
    let mut masked = before.clone();
    mask(&mut masked, &[]);
    // What was masked in a snapshot was one, too.
    masked != before || before.to_string().contains(MASK)
}

/// A diagnostic setting: where which logs and measurements of the identity go. No secret is in it.
pub(crate) fn diagnostic(body: &Value, who: &Identifiers) -> Option<IdentityExtension> {
    let (kind, api) = DIAGNOSTICS;
    let id = own_id(body, kind, who)?;
    let mut properties = body.get("properties")?.clone();
    if let Some(members) = properties.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    Some(IdentityExtension { id, api_version: api.to_owned(), body: json!({ "properties": properties }) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{OLD, facts};

    fn assigned(
        of: &str,
        identity: Value,
        parameters: Value,
    ) -> Option<Result<IdentityExtension, OwnPolicy>> {
        let id = format!("{of}/providers/microsoft.authorization/policyassignments/Tags");
        let body = json!({"id": id, "location": "westeurope", "identity": identity, "properties": {
            "policyDefinitionId": "/d", "parameters": parameters, "scope": of, "description": null,
            "metadata": {"createdBy": "somebody", "assignedBy": "me"}}});
        policy(&body, "v", &facts().identity.identifiers)
    }

    #[test]
    fn a_policy_on_the_identity_is_cleaned_of_what_azure_writes() {
        let found = assigned(&OLD.to_uppercase(), Value::Null, json!({})).unwrap().unwrap();
        assert_eq!(found.id, format!("{OLD}/providers/Microsoft.Authorization/policyAssignments/Tags"));
        let properties =
            json!({"policyDefinitionId": "/d", "parameters": {}, "metadata": {"assignedBy": "me"}});
        assert_eq!(found.body, json!({ "properties": properties }));
        assert!(assigned(&format!("{OLD}-api"), Value::Null, json!({})).is_none());
        let user = json!({"type": "UserAssigned", "userAssignedIdentities": {"/u": {"clientId": "c"}}});
        let found = assigned(OLD, user, json!({})).unwrap().unwrap();
        assert_eq!(found.body["identity"]["userAssignedIdentities"], json!({"/u": {}}));
        assert_eq!(found.body["location"], "westeurope");
    }

    #[test]
    fn one_with_an_identity_of_its_own_or_a_secret_is_for_a_person() {
        let own = json!({"type": "SystemAssigned", "principalId": "p", "tenantId": "t"});
        let found = assigned(OLD, own, json!({})).unwrap().unwrap_err();
        assert_eq!(found.principal.as_deref(), Some("p"));
        assert!(found.body.unwrap().contains("\"identity\":{\"type\":\"SystemAssigned\"}"));
        let secret = json!({"storageKey": {"value": "planted"}});
        let found = assigned(OLD, Value::Null, secret).unwrap().unwrap_err();
        assert_eq!(found.body, None, "it does not come into the plan");
    }
}
