//! Graph: reading.

use super::{Question, is, kind, list, not_found};
use crate::http::Reply;
use crate::world::World;
use serde_json::{Map, Value, json};

/// Answers a GET.
pub(super) fn read(world: &World, question: &Question<'_>, origin: &str) -> Reply {
    let filter = match super::options::filter(question.filter) {
        Ok(filter) => filter,
        Err(reply) => return reply,
    };
    match question.parts[..] {
        [collection] if type_of(collection).is_some() => {
            let wanted = type_of(collection).unwrap_or_default();
            let all = world.directory().filter(|o| kind(o) == wanted && visible(world, o));
            let found = all.filter(|o| filter.as_ref().is_none_or(|f| f.fits(o)));
            list(origin, collection, found.map(|o| shown(o, question.select)).collect())
        }
        ["roleManagement", "directory", "roleAssignments"] => {
            let all = world.directory().filter(|o| kind(o) == "unifiedRoleAssignment");
            let found = all.filter(|o| filter.as_ref().is_none_or(|f| f.fits(o)));
            list(origin, "roleAssignments", found.map(|o| shown(o, question.select)).collect())
        }
        ["auditLogs", "signIns"] => super::sign_ins::read(world, question, origin),
        ["oauth2PermissionGrants"] => {
            let all = world.directory().filter(|o| kind(o) == "oAuth2PermissionGrant");
            let found = all.filter(|o| filter.as_ref().is_none_or(|f| f.fits(o)));
            list(origin, "oauth2PermissionGrants", found.map(|o| shown(o, question.select)).collect())
        }
        _ if super::pim::knows(&question.parts) => super::pim::read(world, question, origin),
        [one] if by_application(one).is_some() => {
            let found = by_application(one).and_then(|(wanted, app)| {
                world.directory().find(|o| kind(o) == wanted && visible(world, o) && is(o, "appId", app))
            });
            match found {
                Some(found) => Reply::json(200, shown(found, question.select)),
                None => not_found(one),
            }
        }
        ["me"] => {
            let message = "/me request is only valid with delegated authentication flow.";
            Reply::error(400, "BadRequest", message)
        }
        [collection, id] if type_of(collection).is_some() => match find(world, collection, id) {
            Some(found) => Reply::json(200, shown(found, question.select)),
            None => not_found(id),
        },
        ["directoryObjects", id] => match world.directory_object(id).filter(|o| visible(world, o)) {
            Some(found) => Reply::json(200, shown(found, question.select)),
            None => not_found(id),
        },
        [collection, id, relation] if type_of(collection).is_some() => match find(world, collection, id) {
            Some(found) => related(world, found, relation, question, origin),
            None => not_found(id),
        },
        _ => Reply::error(400, "BadRequest", "Resource not found for the segment."),
    }
}

/// Whether this asks for directory objects by their ids.
pub(super) fn is_by_ids(parts: &[&str]) -> bool {
    matches!(parts, ["directoryObjects", verb] if verb.eq_ignore_ascii_case("getByIds"))
}

/// How many objects may be asked for at once.
const IDS_MAX: usize = 1_000;

/// Directory objects of these types with these ids; ids that nobody has are left out in silence.
/// Source: <https://learn.microsoft.com/graph/api/directoryobject-getbyids>
pub(super) fn by_ids(world: &World, body: &Value, origin: &str) -> Reply {
    let bad = |message: &str| Reply::error(400, "Request_BadRequest", message);
    let Some(ids) = body["ids"].as_array() else { return bad("The 'ids' are missing.") };
    if ids.len() > IDS_MAX {
        return bad("Too many ids: at most 1000 can be asked for at once.");
    }
    let types: Vec<&str> = body["types"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let any = types.is_empty() || types.iter().any(|t| t.eq_ignore_ascii_case("directoryObject"));
    let mut found = Vec::new();
    for id in ids {
        let Some(id) = id.as_str().filter(|id| uuid::Uuid::try_parse(id).is_ok()) else {
            return bad("Invalid GUID in 'ids'.");
        };
        let wanted = |o: &&Value| any || types.iter().any(|t| t.eq_ignore_ascii_case(kind(o)));
        let object = world.directory_object(id).filter(|o| visible(world, o)).filter(wanted);
        found.extend(object.map(|o| shown(o, None)));
    }
    list(origin, "directoryObjects", found)
}

/// The type of a collection's objects.
pub(super) fn type_of(collection: &str) -> Option<&'static str> {
    Some(match collection.to_lowercase().as_str() {
        "serviceprincipals" => "servicePrincipal",
        "groups" => "group",
        "applications" => "application",
        "users" => "user",
        _ => return None,
    })
}

/// `servicePrincipals(appId='…')`: the type and the application.
fn by_application(segment: &str) -> Option<(&'static str, &str)> {
    let (collection, rest) = segment.split_once("(appId='")?;
    Some((type_of(collection)?, rest.strip_suffix("')")?))
}

/// Whether an object is known to Graph yet.
pub(super) fn visible(world: &World, object: &Value) -> bool {
    object["id"].as_str().is_some_and(|id| world.is_replicated(id))
}

/// An object of a collection, by its id.
pub(super) fn find<'a>(world: &'a World, collection: &str, id: &str) -> Option<&'a Value> {
    let wanted = type_of(collection)?;
    let found = world.directory_object(id).filter(|o| kind(o) == wanted)?;
    visible(world, found).then_some(found)
}

fn related(world: &World, of: &Value, relation: &str, question: &Question<'_>, origin: &str) -> Reply {
    let id = of["id"].as_str().unwrap_or_default();
    let ids = |name: &str| -> Vec<Value> {
        let links = of[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        links.filter_map(|l| world.directory_object(l)).filter(|o| visible(world, o)).cloned().collect()
    };
    let holding = |name: &str| -> Vec<Value> {
        let holds = |o: &&Value| {
            o[name]
                .as_array()
                .is_some_and(|l| l.iter().any(|m| m.as_str().is_some_and(|m| m.eq_ignore_ascii_case(id))))
        };
        world.directory().filter(holds).cloned().collect()
    };
    let found = match relation.to_lowercase().as_str() {
        "memberof" => holding("members"),
        "transitivememberof" => {
            use crate::arm::authorization::Objects;
            let groups = world.groups_of(id);
            let mut all: Vec<Value> =
                groups.iter().filter_map(|g| world.directory_object(g)).cloned().collect();
            all.extend(directory_roles(world, id, &groups));
            all
        }
        "ownedobjects" => holding("owners"),
        "members" => ids("members"),
        "owners" => ids("owners"),
        "approleassignments" => {
            let mine =
                world.directory().filter(|o| kind(o) == "appRoleAssignment" && is(o, "principalId", id));
            mine.map(|o| named(world, o)).collect()
        }
        "approleassignedto" => {
            let mine =
                world.directory().filter(|o| kind(o) == "appRoleAssignment" && is(o, "resourceId", id));
            mine.map(|o| named(world, o)).collect()
        }
        "oauth2permissiongrants" => {
            let mine =
                world.directory().filter(|o| kind(o) == "oAuth2PermissionGrant" && is(o, "clientId", id));
            mine.cloned().collect()
        }
        "federatedidentitycredentials" if kind(of) == "application" => {
            of["federatedIdentityCredentials"].as_array().cloned().unwrap_or_default()
        }
        _ => return Reply::error(400, "BadRequest", "Resource not found for the segment."),
    };
    list(origin, relation, found.iter().map(|o| shown(o, question.select)).collect())
}

/// The directory roles that somebody has in the whole tenant, also through groups, as objects of their own.
/// Source: <https://learn.microsoft.com/graph/api/serviceprincipal-list-transitivememberof>
fn directory_roles(world: &World, id: &str, groups: &[String]) -> Vec<Value> {
    let holders = || std::iter::once(id).chain(groups.iter().map(String::as_str));
    let held = world.directory().filter(|o| {
        kind(o) == "unifiedRoleAssignment"
            && is(o, "directoryScopeId", "/")
            && holders().any(|h| is(o, "principalId", h))
    });
    let shown = |o: &Value| {
        json!({"@odata.type": "#microsoft.graph.directoryRole", "id": o["roleDefinitionId"],
            "roleTemplateId": o["roleDefinitionId"]})
    };
    held.map(shown).collect()
}

/// An application permission with the names that Graph adds.
fn named(world: &World, assignment: &Value) -> Value {
    let mut out = assignment.clone();
    for (of, name) in [("resourceId", "resourceDisplayName"), ("principalId", "principalDisplayName")] {
        let object = assignment[of].as_str().and_then(|id| world.directory_object(id));
        out[name] = object.map(|o| o["displayName"].clone()).unwrap_or_default();
    }
    out
}

/// An object as Graph shows it: links are relations of their own, and `$select` chooses members.
pub(super) fn shown(object: &Value, select: Option<&str>) -> Value {
    let hidden = ["members", "owners", "federatedIdentityCredentials"];
    let wanted: Option<Vec<&str>> = select.map(|s| s.split(',').map(str::trim).collect());
    let asked = |name: &str| wanted.as_ref().is_some_and(|w| w.iter().any(|w| w.eq_ignore_ascii_case(name)));
    let keep = |name: &str| match name {
        _ if hidden.contains(&name) => false,
        "@odata.type" => true,
        // Nobody sees these who does not ask for them by name.
        "customSecurityAttributes" => asked(name),
        _ => wanted.is_none() || asked(name),
    };
    let members = object.as_object().into_iter().flatten().filter(|(k, _)| keep(k));
    json!(members.map(|(k, v)| (k.clone(), v.clone())).collect::<Map<_, _>>())
}
