//! Activities: what Azure answers, into facts. Pure; what comes in is hostile text.

use crate::azure::{ResourceId, ResourceType};
use crate::commands::names::is_guid;
use crate::references::compare::rest_digest;
use crate::references::members::{self, id, text};
use crate::references::scan::{Identifier, Identifiers, Mention, scan};
use crate::references::table::Verb;
use crate::references::writes::{MAP, verb as verb_for};
use crate::references::{by_name, callers};
use crate::relocate::facts::*;
use crate::surfaces::cluster::nodes;
use crate::surfaces::database::servers as databases;
use crate::surfaces::host::writing as writes;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An id of Entra ID. It goes into commands and scripts for people, where only a GUID is harmless.
fn guid<T: From<String>>(value: &Value, pointer: &str) -> Option<T> {
    text(value, pointer).filter(|id| is_guid(id)).map(T::from)
}

/// What an identity has that can be set only when it is made, and is copied as it is.
const COPIED: [&str; 2] = ["assignmentBlocked", "federationBlocked"];

/// What else an identity is known to have: its own ids, which the copy has others of, and what is copied by name.
const KNOWN: [&str; 5] = ["tenantId", "principalId", "clientId", "isolationScope", "assignmentRestrictions"];

/// What any resource has around its properties; who made it and when is not copied, because the copy is made now.
const AROUND: [&str; 7] = ["id", "name", "type", "location", "tags", "properties", "systemData"];

/// Members that this program does not know, so that nobody can say whether a copy without them is the same.
pub(crate) fn unknown(body: &Value, known: &[&str]) -> BTreeSet<String> {
    let strange = |value: &Value, known: &[&str], before: &str| -> Vec<String> {
        let members = value.as_object().into_iter().flatten();
        let members = members.filter(|(name, value)| !value.is_null() && !known.contains(&name.as_str()));
        members.map(|(name, _)| format!("{before}{name}")).collect()
    };
    let mut out = strange(body, &AROUND, "");
    out.retain(|name| name != "etag");
    out.extend(strange(&body["properties"], known, "properties."));
    out.into_iter().collect()
}

/// An identity as Azure returns it in a version; `None` when one of its names is missing, or is none.
pub(crate) fn identity(body: &Value, asked: &ResourceId, version: &str) -> Option<Identity> {
    let of = |name: &&str| body["properties"].get(*name).filter(|value| !value.is_null()).cloned();
    let known: Vec<&str> = KNOWN.iter().chain(&COPIED).copied().collect();
    let more: BTreeMap<String, Value> =
        COPIED.iter().filter_map(|name| Some(((*name).to_owned(), of(name)?))).collect();
    let restrictions = of(&"assignmentRestrictions");
    let newer = !more.is_empty() || restrictions.is_some();
    let tags = body.get("tags").and_then(Value::as_object);
    Some(Identity {
        identifiers: Identifiers {
            // Azure answers with another spelling than was asked; the one of the plan is kept.
            resource_id: asked.clone(),
            client_id: guid(body, "/properties/clientId")?,
            principal_id: guid(body, "/properties/principalId")?,
        },
        location: text(body, "/location")?,
        tenant_id: guid(body, "/properties/tenantId")?,
        tags: tags
            .map(|t| t.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect())
            .unwrap_or_default(),
        isolation_scope: text(body, "/properties/isolationScope"),
        assignment_restrictions: restrictions,
        api_version: newer.then(|| version.to_owned()),
        unknown: unknown(body, &known),
        more,
    })
}

/// The assignments whose policies deny the resource that was asked about.
pub(crate) fn denying(found: &Value) -> Vec<ResourceId> {
    let all = found.pointer("/contentEvaluationResult/policyEvaluations").and_then(Value::as_array);
    let denies = |e: &&Value| {
        let is = |pointer: &str, word: &str| text(e, pointer).is_some_and(|t| t.eq_ignore_ascii_case(word));
        is("/evaluationResult", "NonCompliant")
            && (is("/effectDetails/policyEffect", "Deny")
                || e.get("effectDetails").is_none_or(Value::is_null))
    };
    let of = |e: &Value| id(e, "/policyInfo/policyAssignmentId");
    let mut out: Vec<ResourceId> = all.into_iter().flatten().filter(denies).filter_map(of).collect();
    out.sort();
    out.dedup();
    out
}

/// Places in a resource that name an identity but are not references that anybody writes.
fn is_echo(kind: &ResourceType, pointer: &str) -> bool {
    let folded = pointer.to_ascii_lowercase();
    folded == "/id"
        || folded == "/name"
        || ["/identity/", "/systemdata/"].iter().any(|p| folded.starts_with(p))
        // A vault's entries are grants, and are copied by steps of their own.
        || *kind == *"Microsoft.KeyVault/vaults"
            && folded.starts_with("/properties/accesspolicies/")
        || folded.ends_with("/createdby")
        || folded.ends_with("/updatedby")
}

/// The lists of callers that the identity is in, and the other places that name it.
fn places(
    kind: &ResourceType,
    body: &Value,
    who: &Identifiers,
) -> (BTreeSet<Reference>, BTreeSet<Reference>) {
    let mut mentions = scan(body, who);
    if *kind == *POLICY_ASSIGNMENTS {
        mentions.extend(by_name::pairs(body, who));
    }
    let (mut lists, mut others) = (BTreeSet::new(), BTreeSet::new());
    for Mention { pointer, identifier, .. } in mentions.into_iter().filter(|m| !is_echo(kind, &m.pointer)) {
        let name = match identifier {
            Identifier::ClientId => who.client_id.as_str(),
            Identifier::PrincipalId => &who.principal_id,
            Identifier::ResourceId | Identifier::Name | Identifier::Group => &who.resource_id,
        };
        match callers::list_of(kind, body, &pointer, name) {
            Some(pointer) => lists.insert(Reference { pointer, identifier }),
            None => others.insert(Reference { pointer, identifier }),
        };
    }
    (lists, others)
}

/// What is assigned by Azure Policy.
const POLICY_ASSIGNMENTS: &str = "Microsoft.Authorization/policyAssignments";

/// Who may sign in to a site: it has no PATCH, as other configurations of a site have.
/// Source: web/2023-12-01, `WebApps_UpdateAuthSettingsV2`
const AUTHENTICATION: &str = "authsettingsV2";

/// The identities in a resource's map, in the order of their spellings.
fn attached(resource: &Value) -> Vec<ResourceId> {
    let map = resource.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
    map.into_iter().flat_map(|map| map.keys().map(ResourceId::from)).collect()
}

/// A resource that carries or names the identity; `None` when it does neither.
pub(crate) fn host(body: &Value, api_version: &str, who: &Identifiers) -> Option<Host> {
    let id: ResourceId = members::id(body, "/id")?;
    let kind = members::id(body, "/type").or_else(|| id.kind())?;
    let attached = attached(body);
    let own = attached.iter().find(|rid| **rid == who.resource_id);
    let (callers, references) = places(&kind, body, who);
    if own.is_none() && references.is_empty() && callers.is_empty() {
        return None;
    }
    let pointers: Vec<&str> = references.iter().map(|r| r.pointer.as_str()).collect();
    let map = own.is_some().then_some(MAP);
    let verb = match id.name().eq_ignore_ascii_case(AUTHENTICATION) {
        true => Verb::Put,
        false => verb_for(&kind, map.into_iter().chain(pointers.iter().copied())),
    };
    let mut ignored = vec!["/identity".to_owned()];
    ignored.extend(references.iter().chain(&callers).map(|r| r.pointer.clone()));
    let found_by = if own.is_some() { Method::GraphMap } else { Method::GraphText };
    Some(Host {
        api_version: api_version.to_owned(),
        location: text(body, "/location").unwrap_or_default(),
        verb,
        writing: writes::of(&kind, verb, body, &pointers),
        identity_type: text(body, "/identity/type").unwrap_or_default(),
        carries: own.is_some(),
        attached,
        dead: Vec::new(),
        references: references.into_iter().collect(),
        callers: callers.into_iter().collect(),
        settings: Vec::new(),
        databases: databases::named_in(body),
        found_by: BTreeSet::from([found_by]),
        nodes_in: nodes::is_cluster(&kind).then(|| text(body, "/properties/nodeResourceGroup")).flatten(),
        workflow_app: is_workflow_app(&kind, body),
        readable: true,
        state: text(body, "/properties/provisioningState"),
        rest: rest_digest(body, &ignored),
        kind,
        id,
    })
}

/// Whether this is a site that runs workflows: `functionapp,workflowapp`.
/// Source: web/2023-12-01, `kind` of a site.
fn is_workflow_app(kind: &ResourceType, body: &Value) -> bool {
    let words = text(body, "/kind").unwrap_or_default().to_ascii_lowercase();
    kind.to_ascii_lowercase().starts_with("microsoft.web/sites")
        && words.split(',').any(|w| w.trim() == "workflowapp")
}

/// A resource that takes the place of a host, whatever it carries.
pub(crate) fn counterpart(body: &Value, api_version: &str) -> Option<Host> {
    let id: ResourceId = members::id(body, "/id")?;
    let kind = members::id(body, "/type").or_else(|| id.kind())?;
    let attached = attached(body);
    Some(Host {
        attached,
        readable: true,
        carries: false,
        api_version: api_version.to_owned(),
        location: text(body, "/location").unwrap_or_default(),
        identity_type: text(body, "/identity/type").unwrap_or_default(),
        state: text(body, "/properties/provisioningState"),
        writing: writes::of(&kind, verb_for(&kind, [MAP]), body, &[]),
        rest: rest_digest(body, &["/identity".to_owned()]),
        ..hidden_host(&id, &kind, Method::Direct)
    })
}

/// A host of which only the id is known.
pub(crate) fn hidden_host(id: &ResourceId, kind: &ResourceType, found_by: Method) -> Host {
    Host {
        id: id.clone(),
        kind: kind.clone(),
        api_version: String::new(),
        location: String::new(),
        verb: verb_for(kind, [MAP]),
        identity_type: String::new(),
        attached: Vec::new(),
        dead: Vec::new(),
        carries: true,
        references: Vec::new(),
        callers: Vec::new(),
        settings: Vec::new(),
        databases: BTreeSet::new(),
        found_by: BTreeSet::from([found_by]),
        nodes_in: None,
        workflow_app: false,
        readable: false,
        state: None,
        writing: Writing::default(),
        rest: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::references::scan::Identifier;
    use crate::references::table::Verb;
    use crate::relocate::testing::{CLIENT, GROUP, OLD, PRINCIPAL};
    use crate::surfaces::role_assignment::facts::assignment;
    use crate::surfaces::service_grant::facts::service_grant;
    use crate::surfaces::service_grant::surface::administrator;
    use serde_json::json;

    fn who() -> Identifiers {
        Identifiers { resource_id: OLD.into(), client_id: CLIENT.into(), principal_id: PRINCIPAL.into() }
    }

    #[test]
    fn a_host_is_known_by_its_map_in_any_case_and_by_what_names_it_elsewhere() {
        let id = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/st");
        let mut body = json!({
            "id": id, "type": "Microsoft.Storage/storageAccounts", "location": "westeurope",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
            "systemData": {"createdBy": PRINCIPAL},
            "properties": {"encryption": {"identity": {"userAssignedIdentity": OLD}}, "provisioningState": "Succeeded"}
        });
        body["identity"]["userAssignedIdentities"][OLD.to_uppercase()] =
            json!({"clientId": CLIENT, "principalId": PRINCIPAL});
        let host = host(&body, "v", &who()).unwrap();
        assert!(host.carries);
        let place = "/properties/encryption/identity/userAssignedIdentity";
        assert_eq!(
            host.references,
            [Reference { pointer: place.into(), identifier: Identifier::ResourceId }]
        );
        assert_eq!((host.verb, host.state.as_deref()), (Verb::Patch, Some("Succeeded")));
        body["properties"]["encryption"]["identity"]["userAssignedIdentity"] = json!(OLD.to_uppercase());
        assert_eq!(
            super::host(&body, "v", &who()).unwrap().rest,
            host.rest,
            "our places are not in the rest"
        );
        body["properties"]["minimumTlsVersion"] = json!("TLS1_2");
        assert_ne!(super::host(&body, "v", &who()).unwrap().rest, host.rest);
    }

    #[test]
    fn a_resource_of_a_similar_name_is_no_host() {
        let mut body =
            json!({"id": format!("{GROUP}/providers/Microsoft.Web/sites/a"), "type": "Microsoft.Web/sites"});
        body["identity"]["userAssignedIdentities"][format!("{OLD}-api")] = json!({});
        assert_eq!(host(&body, "v", &who()), None);
        assert_eq!(host(&json!({"properties": null}), "v", &who()), None);
    }

    #[test]
    fn an_assignment_keeps_its_scope_and_learns_its_role() {
        let guid = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
        let body = json!({
            "id": "/providers/Microsoft.Authorization/roleAssignments/n",
            "properties": {"roleDefinitionId": format!("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{}", guid.to_uppercase()),
                "principalId": PRINCIPAL, "condition": null}
        });
        let roles = BTreeMap::from([(guid.into(), "Reader".to_owned())]);
        let a = assignment(&body, &roles).unwrap();
        assert_eq!((a.scope.as_str(), a.role.as_str(), a.condition), ("/", "Reader", None));
    }

    #[test]
    fn types_of_children_and_extensions_come_from_the_id() {
        let id = format!("{GROUP}/providers/Microsoft.Web/sites/a/slots/b");
        assert_eq!(ResourceId::from(&id).kind().as_deref(), Some("Microsoft.Web/sites/slots"));
        let lock = format!("{id}/providers/Microsoft.Authorization/locks/l");
        assert_eq!(ResourceId::from(&lock).kind().as_deref(), Some("Microsoft.Authorization/locks"));
        assert_eq!(ResourceId::from(GROUP).kind(), None);
    }

    #[test]
    fn a_grant_of_kusto_is_found_by_the_client_id_and_cleaned_of_what_azure_computes() {
        let id = format!("{GROUP}/providers/Microsoft.Kusto/clusters/k/principalAssignments/p");
        let body = json!({"id": id, "properties": {"principalId": CLIENT, "role": "AllDatabasesViewer",
            "aadObjectId": PRINCIPAL, "provisioningState": "Succeeded"}});
        let grant = service_grant(&body, "v", &who()).unwrap();
        assert_eq!(grant.body, json!({"properties": {"principalId": CLIENT, "role": "AllDatabasesViewer"}}));
        let other = json!({"id": id, "properties": {"principalId": "x"}});
        assert_eq!(service_grant(&other, "v", &who()), None);
    }

    #[test]
    fn the_one_administrator_of_a_server_is_re_pointed_and_not_doubled() {
        let id = format!("{GROUP}/providers/Microsoft.Sql/servers/s/administrators/ActiveDirectory");
        let body = json!({"id": id, "properties": {"login": "id-pay", "sid": CLIENT}});
        assert_eq!(service_grant(&body, "v", &who()), None);
        let host = administrator(&body, "v", &who()).unwrap();
        assert_eq!(host.references[0].pointer, "/properties/sid");
        assert_eq!((host.carries, host.verb), (false, Verb::Put));
        let other = json!({"id": id, "properties": {"sid": PRINCIPAL.replace('9', "8")}});
        assert_eq!(administrator(&other, "v", &who()), None);
    }
}
