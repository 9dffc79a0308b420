//! Graph: what changes the directory.

use super::objects::find;
use super::pim::kind_of;
use super::{BLUEPRINTS, Question, bad, is, kind, made, no_method, not_found, principals, schedules};
use crate::http::Reply;
use crate::world::{Link, World};
use serde_json::{Value, json};

/// Answers a POST, PATCH or DELETE.
pub(super) fn write(world: &mut World, question: &Question<'_>) -> Reply {
    match (question.method, &question.parts[..]) {
        ("POST", [collection, id, link @ ("members" | "owners"), "$ref"]) => {
            add_link(world, collection, id, link, question.body)
        }
        ("DELETE", [collection, id, link @ ("members" | "owners"), member, "$ref"]) => {
            remove_link(world, collection, id, link, member)
        }
        ("POST", ["servicePrincipals", id, "appRoleAssignments" | "appRoleAssignedTo"]) => {
            grant(world, id, question.body)
        }
        ("DELETE", ["servicePrincipals", _, "appRoleAssignments" | "appRoleAssignedTo", id]) => {
            drop_object(world, id, "appRoleAssignment")
        }
        ("POST", ["roleManagement", "directory", "roleAssignments"]) => role(world, question.body),
        ("DELETE", ["roleManagement", "directory", "roleAssignments", id]) => {
            drop_object(world, id, "unifiedRoleAssignment")
        }
        ("POST", ["oauth2PermissionGrants"]) => delegate(world, question.body),
        ("DELETE", ["oauth2PermissionGrants", id]) => drop_object(world, id, "oAuth2PermissionGrant"),
        (verb, [of @ ("applications" | BLUEPRINTS), id, "federatedIdentityCredentials", credential @ ..]) => {
            match (verb, credential) {
                ("POST", []) => trust(world, [of, id], question.body),
                ("DELETE", [credential]) => distrust(world, [of, id], credential),
                ("PATCH", [credential]) => made::change_trust(world, [of, id], credential, question.body),
                _ => no_method(),
            }
        }
        (
            "POST",
            [
                collection @ ("applications" | "servicePrincipals"),
                id,
                verb @ ("addPassword" | "removePassword"),
            ],
        ) => made::password(world, collection, id, verb, question.body),
        ("PATCH", ["servicePrincipals", id]) => principals::update(world, id, question.body),
        ("POST", [of @ .., id, "cancel"]) if kind_of(of).is_some() => {
            schedules::cancel(world, kind_of(of).unwrap_or_default(), id)
        }
        ("POST", of) if kind_of(of).is_some() => {
            schedules::request(world, kind_of(of).unwrap_or_default(), question.body)
        }
        ("POST", [collection, id, "getMemberObjects" | "getMemberGroups"]) => {
            member_objects(world, collection, id)
        }
        ("POST", ["groups"]) => made::group(world, question.body),
        ("POST", ["applications"]) => made::application(world, question.body),
        ("POST", ["servicePrincipals"]) => made::principal(world, question.body),
        ("PATCH", [collection @ ("groups" | "applications"), id]) => {
            made::update(world, collection, id, question.body)
        }
        ("DELETE", [collection @ ("groups" | "applications" | "servicePrincipals"), id]) => {
            made::remove(world, collection, id)
        }
        ("POST", [collection, id, "checkMemberGroups" | "checkMemberObjects"]) => {
            check_members(world, collection, id, question.body)
        }
        _ => no_method(),
    }
}

fn member_objects(world: &World, collection: &str, id: &str) -> Reply {
    use crate::authorization::Objects;
    match find(world, collection, id) {
        Some(_) => Reply::json(200, json!({"value": world.groups_of(id)})),
        None => not_found(id),
    }
}

/// Which of these groups somebody is in, through others too.
/// Source: <https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups>
fn check_members(world: &World, collection: &str, id: &str, body: &Value) -> Reply {
    use crate::authorization::Objects;
    let Some(asked) = body["groupIds"].as_array().or_else(|| body["ids"].as_array()) else {
        return bad("The 'groupIds' are missing.");
    };
    if asked.len() > 20 {
        return bad("Too many ids: at most 20 can be checked at once.");
    }
    if find(world, collection, id).is_none() && world.directory_object(id).is_none() {
        return not_found(id);
    }
    let groups = world.groups_of(id);
    let of_these = |one: &&Value| {
        one.as_str().is_some_and(|one| groups.iter().any(|group| group.eq_ignore_ascii_case(one)))
    };
    let found: Vec<&Value> = asked.iter().filter(of_these).collect();
    Reply::json(200, json!({ "value": found }))
}

fn add_link(world: &mut World, collection: &str, id: &str, link: &str, body: &Value) -> Reply {
    let Some(member) =
        body["@odata.id"].as_str().and_then(|url| url.rsplit('/').next()).map(ToOwned::to_owned)
    else {
        return bad("The '@odata.id' of the reference is missing.");
    };
    let Some(mut object) = find(world, collection, id).cloned() else { return not_found(id) };
    if world.directory_object(&member).is_none() || !world.is_replicated(&member) {
        // Replicas disagree: one knows nothing of the object, another has it half.
        return if world.is_half_replicated(&member) {
            bad("Not a valid reference update.")
        } else {
            not_found(&member)
        };
    }
    let types = object["groupTypes"].as_array().into_iter().flatten();
    let dynamic = types.filter_map(Value::as_str).any(|t| t.eq_ignore_ascii_case("DynamicMembership"));
    if link == "members" && dynamic {
        let message = "Insufficient privileges to complete the operation.";
        return Reply::error(403, "Authorization_RequestDenied", message);
    }
    if link == "members" && object["onPremisesSyncEnabled"] == true {
        return bad(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects.",
        );
    }
    let mut links = object[link].as_array().cloned().unwrap_or_default();
    if links.iter().any(|l| l.as_str().is_some_and(|l| l.eq_ignore_ascii_case(&member))) {
        let message = format!(
            "One or more added object references already exist for the following modified properties: '{link}'."
        );
        return bad(&message);
    }
    if link == "members" {
        world.grant_claim(id, &member);
    }
    links.push(Value::from(member));
    links.sort_by_key(|l| l.as_str().map(str::to_lowercase));
    object[link] = Value::Array(links);
    world.put_directory(object);
    Reply::empty(204)
}

fn remove_link(world: &mut World, collection: &str, id: &str, link: &str, member: &str) -> Reply {
    let Some(mut object) = find(world, collection, id).cloned() else { return not_found(id) };
    let mut links = object[link].as_array().cloned().unwrap_or_default();
    let before = links.len();
    links.retain(|l| !l.as_str().is_some_and(|l| l.eq_ignore_ascii_case(member)));
    if links.len() == before {
        return not_found(member);
    }
    object[link] = Value::Array(links);
    world.put_directory(object);
    Reply::empty(204)
}

fn drop_object(world: &mut World, id: &str, wanted: &str) -> Reply {
    match world.directory_object(id).filter(|o| kind(o) == wanted) {
        Some(_) => {
            world.remove_directory(id);
            Reply::empty(204)
        }
        None => not_found(id),
    }
}

fn texts<'a, const N: usize>(body: &'a Value, names: [&str; N]) -> Option<[&'a str; N]> {
    let found: Vec<&str> = names.iter().filter_map(|n| body[*n].as_str().filter(|t| !t.is_empty())).collect();
    found.try_into().ok()
}

fn grant(world: &mut World, id: &str, body: &Value) -> Reply {
    let Some([principal, resource, role]) = texts(body, ["principalId", "resourceId", "appRoleId"]) else {
        return bad("principalId, resourceId and appRoleId are required.");
    };
    if world.directory_object(principal).is_none() || !world.is_replicated(principal) {
        return not_found(principal);
    }
    if find(world, "servicePrincipals", id).is_none() || find(world, "servicePrincipals", resource).is_none()
    {
        return not_found(resource);
    }
    let same = |o: &Value| {
        kind(o) == "appRoleAssignment"
            && is(o, "principalId", principal)
            && is(o, "resourceId", resource)
            && is(o, "appRoleId", role)
    };
    if world.directory_with(&Link::text("principalId", principal)).into_iter().any(same) {
        return bad("Permission being assigned already exists on the object");
    }
    let assignment = json!({
        "@odata.type": "#microsoft.graph.appRoleAssignment", "id": world.guid("appRoleAssignment"),
        "principalId": principal, "resourceId": resource, "appRoleId": role, "principalType": "ServicePrincipal",
    });
    world.grant_claim(assignment["id"].as_str().unwrap_or_default(), principal);
    world.put_directory(assignment.clone());
    Reply::json(201, assignment)
}

fn role(world: &mut World, body: &Value) -> Reply {
    let Some([principal, role, scope]) = texts(body, ["principalId", "roleDefinitionId", "directoryScopeId"])
    else {
        return bad("principalId, roleDefinitionId and directoryScopeId are required.");
    };
    if world.directory_object(principal).is_none() || !world.is_replicated(principal) {
        return not_found(principal);
    }
    let same = |o: &Value| {
        kind(o) == "unifiedRoleAssignment"
            && is(o, "principalId", principal)
            && is(o, "roleDefinitionId", role)
            && is(o, "directoryScopeId", scope)
    };
    if world.directory_with(&Link::text("principalId", principal)).into_iter().any(same) {
        return bad(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        );
    }
    let assignment = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "id": world.guid("roleAssignment"),
        "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope,
    });
    world.put_directory(assignment.clone());
    Reply::json(201, assignment)
}

/// Source: <https://learn.microsoft.com/graph/api/oauth2permissiongrant-post>
fn delegate(world: &mut World, body: &Value) -> Reply {
    let Some([client, resource, consent, _]) =
        texts(body, ["clientId", "resourceId", "consentType", "scope"])
    else {
        return bad("clientId, resourceId, consentType and scope are required.");
    };
    let of = body["principalId"].as_str().unwrap_or_default();
    match consent {
        "AllPrincipals" if of.is_empty() => {}
        "Principal" if find(world, "users", of).is_some() => {}
        "Principal" if !of.is_empty() => return not_found(of),
        _ => return bad("consentType and principalId do not go together."),
    }
    for id in [client, resource] {
        if find(world, "servicePrincipals", id).is_none() {
            return not_found(id);
        }
    }
    let same = |o: &Value| {
        kind(o) == "oAuth2PermissionGrant"
            && is(o, "clientId", client)
            && is(o, "resourceId", resource)
            && is(o, "consentType", consent)
            && o["principalId"].as_str().unwrap_or_default().eq_ignore_ascii_case(of)
    };
    if world.directory_with(&Link::text("clientId", client)).into_iter().any(same) {
        return bad("Permission entry already exists.");
    }
    let grant = json!({
        "@odata.type": "#microsoft.graph.oAuth2PermissionGrant", "id": world.guid("permissionGrant"),
        "clientId": client, "resourceId": resource, "consentType": consent, "principalId": body["principalId"],
        "scope": body["scope"],
    });
    world.put_directory(grant.clone());
    Reply::json(201, grant)
}

fn trust(world: &mut World, [of, id]: [&str; 2], body: &Value) -> Reply {
    let Some(mut application) = find(world, of, id).cloned() else { return not_found(id) };
    let Some([name, issuer, subject]) = texts(body, ["name", "issuer", "subject"]) else {
        return bad("name, issuer and subject are required.");
    };
    let mut credentials = application["federatedIdentityCredentials"].as_array().cloned().unwrap_or_default();
    if credentials.iter().any(|c| is(c, "name", name) || is(c, "issuer", issuer) && is(c, "subject", subject))
    {
        let message = "FederatedIdentityCredential already exists.";
        return Reply::error(409, "Request_MultipleObjectsWithSameKeyValue", message);
    }
    let mut credential = body.clone();
    credential["id"] = Value::from(world.guid("credential"));
    credentials.push(credential.clone());
    application["federatedIdentityCredentials"] = Value::Array(credentials);
    world.put_directory(application);
    Reply::json(201, credential)
}

fn distrust(world: &mut World, [of, id]: [&str; 2], credential: &str) -> Reply {
    let Some(mut application) = find(world, of, id).cloned() else { return not_found(id) };
    let mut credentials = application["federatedIdentityCredentials"].as_array().cloned().unwrap_or_default();
    let before = credentials.len();
    credentials.retain(|c| !is(c, "id", credential) && !is(c, "name", credential));
    if credentials.len() == before {
        return not_found(credential);
    }
    application["federatedIdentityCredentials"] = Value::Array(credentials);
    world.put_directory(application);
    Reply::empty(204)
}
