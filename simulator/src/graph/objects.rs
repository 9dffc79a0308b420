//! Graph: reading.

use super::filter::Filter;
use super::shown::{one, shown};
use super::{BLUEPRINTS, Question, is, kind, list, not_found};
use crate::http::{Reply, not_here};
use crate::world::{Link, World};
use serde_json::{Value, json};

/// Answers a GET.
pub(super) fn read(world: &World, question: &Question<'_>, origin: &str) -> Reply {
    answer(world, question, origin).unwrap_or_else(|refusal| refusal)
}

fn answer(world: &World, question: &Question<'_>, origin: &str) -> Result<Reply, Reply> {
    let filter = super::options::filter(question.filter)?;
    Ok(match question.parts[..] {
        [collection] if type_of(collection).is_some() => {
            let wanted = type_of(collection).unwrap_or_default();
            let all = of_kind(world, wanted, filter.as_ref()).into_iter().filter(|o| visible(world, o));
            let found = all.filter(|o| filter.as_ref().is_none_or(|f| f.fits(o)));
            let name = collection.split('/').next().unwrap_or_default();
            list(origin, name, found.map(|o| shown(o, question.select)).collect())
        }
        ["roleManagement", "directory", "roleAssignments"] => {
            let all = of_kind(world, "unifiedRoleAssignment", filter.as_ref()).into_iter();
            let found = all.filter(|o| filter.as_ref().is_none_or(|f| f.fits(o)));
            list(origin, "roleAssignments", found.map(|o| shown(o, question.select)).collect())
        }
        ["organization"] => organization(world, origin),
        ["directoryRoles"] => list(origin, "directoryRoles", super::roles::activated(world)),
        ["roleManagement", "directory", "roleDefinitions", ..] => {
            super::roles::definitions(question, origin)?
        }
        ["auditLogs", "directoryAudits"] => super::directory_audits::read(world, question, origin)?,
        ["auditLogs", "signIns"] => super::sign_ins::read(world, question, origin)?,
        ["oauth2PermissionGrants"] => {
            let all = of_kind(world, "oAuth2PermissionGrant", filter.as_ref()).into_iter();
            let found = all.filter(|o| filter.as_ref().is_none_or(|f| f.fits(o)));
            list(origin, "oauth2PermissionGrants", found.map(|o| shown(o, question.select)).collect())
        }
        _ if super::pim::knows(&question.parts) => super::pim::read(world, question, origin)?,
        [named] if by_application(named).is_some() => {
            let found = by_application(named).and_then(|(wanted, app)| {
                let named = world.directory_with(&Link::text("appId", app)).into_iter();
                named.filter(|o| kind(o) == wanted).find(|o| visible(world, o))
            });
            one(found, named, question)
        }
        ["me", ..] => {
            let message = "/me request is only valid with delegated authentication flow.";
            Reply::error(400, "BadRequest", message)
        }
        [collection, id] if type_of(collection).is_some() => one(find(world, collection, id), id, question),
        ["directoryObjects", id] => {
            one(world.directory_object(id).filter(|o| visible(world, o)), id, question)
        }
        [collection @ ("applications" | BLUEPRINTS), id, "federatedIdentityCredentials", credential] => {
            let of = find(world, collection, id).map(|o| &o["federatedIdentityCredentials"]);
            let mut all = of.and_then(Value::as_array).into_iter().flatten();
            let found = all.find(|c| is(c, "id", credential) || is(c, "name", credential));
            Reply::json(200, found.ok_or_else(|| not_found(credential))?.clone())
        }
        [collection, id, relation] if type_of(collection).is_some() => {
            let found = find(world, collection, id).ok_or_else(|| not_found(id))?;
            related(world, found, relation, question, origin)
        }
        [collection, id, relation, cast] if type_of(collection).is_some() && cast.starts_with(CAST) => {
            let found = find(world, collection, id).ok_or_else(|| not_found(id))?;
            of_type(related(world, found, relation, question, origin), cast)
        }
        _ => not_here(&format!("/{} of Microsoft Graph", question.parts.join("/"))),
    })
}

/// The tenant itself.
fn organization(world: &World, origin: &str) -> Reply {
    let tenant = &world.settings.tenant;
    let one = json!({"id": tenant, "displayName": "Local", "tenantType": "AAD",
        "verifiedDomains": [{"name": "local.onmicrosoft.com", "isDefault": true, "isInitial": true}]});
    list(origin, "organization", vec![one])
}

/// How a relation is asked for the objects of one type only.
const CAST: &str = "microsoft.graph.";

fn of_type(mut reply: Reply, cast: &str) -> Reply {
    let wanted = cast.trim_start_matches(CAST);
    let list = reply.body.as_mut().and_then(|body| body["value"].as_array_mut());
    list.into_iter().for_each(|list| list.retain(|one| kind(one).eq_ignore_ascii_case(wanted)));
    reply
}

/// Objects of a type that may fit a filter, in the order of ids: all of them where the filter says nothing that is indexed.
fn of_kind<'a>(world: &'a World, wanted: &str, filter: Option<&Filter>) -> Vec<&'a Value> {
    let Some(links) = filter.and_then(Filter::narrowed) else {
        return world.directory_with(&Link::kind(wanted));
    };
    let found =
        links.iter().flat_map(|link| world.directory_with(link)).filter(|object| kind(object) == wanted);
    let id = |object: &Value| object["id"].as_str().unwrap_or_default().to_lowercase();
    let by_id: std::collections::BTreeMap<String, &Value> =
        found.map(|object| (id(object), object)).collect();
    by_id.into_values().collect()
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
        _ if collection == BLUEPRINTS => "agentIdentityBlueprint",
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
    let held = |link: Link| -> Vec<Value> { world.directory_with(&link).into_iter().cloned().collect() };
    let at = |name: &'static str, wanted: &'static str| {
        world.directory_with(&Link::text(name, id)).into_iter().filter(move |o| kind(o) == wanted)
    };
    let found = match relation.to_lowercase().as_str() {
        "memberof" => held(Link::Member(id.to_ascii_lowercase())),
        "transitivememberof" => {
            use crate::authorization::Objects;
            let groups = world.groups_of(id);
            let mut all: Vec<Value> =
                groups.iter().filter_map(|g| world.directory_object(g)).cloned().collect();
            all.extend(directory_roles(world, id, &groups));
            all
        }
        "ownedobjects" => held(Link::Owner(id.to_ascii_lowercase())),
        "members" => ids("members"),
        "owners" => ids("owners"),
        "approleassignments" => at("principalId", "appRoleAssignment").map(|o| named(world, o)).collect(),
        "approleassignedto" => at("resourceId", "appRoleAssignment").map(|o| named(world, o)).collect(),
        "oauth2permissiongrants" => at("clientId", "oAuth2PermissionGrant").cloned().collect(),
        "federatedidentitycredentials" if ["application", "agentIdentityBlueprint"].contains(&kind(of)) => {
            of["federatedIdentityCredentials"].as_array().cloned().unwrap_or_default()
        }
        "transitivemembers" => {
            let (mut all, mut ahead) = (Vec::new(), ids("members"));
            while let Some(one) = ahead.pop().filter(|_| all.len() < 10_000) {
                let below = one["members"].as_array().into_iter().flatten().filter_map(Value::as_str);
                ahead.extend(
                    below.filter_map(|id| world.directory_object(id)).filter(|o| visible(world, o)).cloned(),
                );
                if !all.contains(&one) {
                    all.push(one);
                }
            }
            all
        }
        _ => return not_here(&format!("{relation} of Microsoft Graph")),
    };
    list(origin, relation, found.iter().map(|o| shown(o, question.select)).collect())
}

/// The directory roles that somebody has in the whole tenant, also through groups, as objects of their own.
/// Source: <https://learn.microsoft.com/graph/api/serviceprincipal-list-transitivememberof>
fn directory_roles(world: &World, id: &str, groups: &[String]) -> Vec<Value> {
    let holders = || std::iter::once(id).chain(groups.iter().map(String::as_str));
    let of = |holder: &str| world.directory_with(&Link::text("principalId", holder)).into_iter();
    let all: std::collections::BTreeMap<String, &Value> = holders()
        .flat_map(of)
        .filter(|o| kind(o) == "unifiedRoleAssignment" && is(o, "directoryScopeId", "/"))
        .map(|o| (o["id"].as_str().unwrap_or_default().to_lowercase(), o))
        .collect();
    let held = all.into_values();
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
