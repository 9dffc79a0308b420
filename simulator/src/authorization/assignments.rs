//! Authorization room of the local Azure: role assignments at every scope, with Azure's filters and refusals.

use crate::objects::Key;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use super::filter::{self, Term};
use super::roles;
use super::scope::{self, canonical, id_of};
use super::view::{Answer, Call, Objects, stamp, text, undashed};

/// Azure's limit of role assignments in one subscription.
const LIMIT_SUBSCRIPTION: usize = 4000;
/// Azure's limit at one management group.
const LIMIT_GROUP: usize = 500;
/// How many assignments a page holds at provider level; subscription lists come whole.
const PAGE: usize = 1000;

/// Every role assignment of the estate.
pub(crate) fn all(objects: &dyn Objects) -> Vec<&Value> {
    objects.of_extension("roleassignments")
}

/// Object ids that speak for a principal: itself and every group that holds it, in lower case.
pub(crate) fn identities(objects: &dyn Objects, principal: &str) -> BTreeSet<String> {
    let groups = objects.groups_of(principal).into_iter().map(|group| group.to_lowercase());
    groups.chain([principal.to_lowercase()]).collect()
}

/// The role assignments to any of these principals, in lower case; in no order.
pub(crate) fn of<'a>(objects: &'a dyn Objects, principals: &BTreeSet<String>) -> Vec<&'a Value> {
    principals.iter().flat_map(|principal| objects.found(&Key::AssignedTo(principal.clone()))).collect()
}

/// The assignments that a list may show, in the order of ids: fewer than all where what is asked for says which.
fn candidates<'a>(
    objects: &'a dyn Objects,
    here: &str,
    chain: &[String],
    only_above: bool,
    holders: Option<&BTreeSet<String>>,
) -> Vec<&'a Value> {
    let found: Vec<&Value> = match (holders, scope::subscription_of(here)) {
        (Some(holders), _) => of(objects, holders),
        (None, _) if only_above => {
            chain.iter().flat_map(|at| objects.found(&Key::AssignedAt(at.clone()))).collect()
        }
        (None, Some(subscription)) => {
            let above = chain.iter().flat_map(|at| objects.found(&Key::AssignedAt(at.clone())));
            let within = objects.found_below(&Key::AssignedIn(subscription.to_owned()), &format!("{here}/"));
            above.chain(within).collect()
        }
        (None, None) => return all(objects),
    };
    let by_id: BTreeMap<String, &Value> = found.into_iter().map(|one| (canonical(id_of(one)), one)).collect();
    by_id.into_values().collect()
}

/// The scope of an assignment: what its id extends.
pub(crate) fn scope_of(assignment: &Value) -> &str {
    super::extended(id_of(assignment))
}

/// Answers requests under `{scope}/providers/Microsoft.Authorization/roleAssignments`.
pub(crate) fn handle(objects: &mut dyn Objects, call: &Call, scope: &str, name: Option<&str>) -> Answer {
    let id = |name: &str| super::child(scope, "roleAssignments", name);
    match (call.method, name) {
        ("GET", None) => list(objects, call, scope).unwrap_or_else(|refusal| refusal),
        ("GET", Some(name)) => match objects.get(&id(name)) {
            Some(found) => Answer::json(200, show(found, scope, call)),
            None => {
                let message = format!("The role assignment '{name}' is not found.");
                Answer::error(404, "RoleAssignmentNotFound", message)
            }
        },
        ("PUT", Some(name)) => put(objects, call, scope, name).unwrap_or_else(|refusal| refusal),
        ("DELETE", Some(name)) => match objects.remove(&id(name)) {
            Some(mut gone) => {
                set(&mut gone, "updatedOn", json!(stamp(call.now)));
                Answer::json(200, show(&gone, scope, call))
            }
            None => Answer::empty(204),
        },
        (method, _) => Answer::method_not_allowed(method),
    }
}

fn set(assignment: &mut Value, field: &str, value: Value) {
    if let Some(properties) = assignment.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(field.to_owned(), value);
    }
}

/// An assignment as it is shown to one who asks through `asked`: its role with the prefix of that subscription,
/// every optional field there, and without conditions in versions that do not know them.
fn show(assignment: &Value, asked: &str, call: &Call) -> Value {
    let mut shown = assignment.clone();
    let id = id_of(assignment).to_owned();
    set(
        &mut shown,
        "scope",
        json!(match super::extended(&id) {
            "" => "/",
            scope => scope,
        }),
    );
    if let Some(role) = text(assignment, "/properties/roleDefinitionId") {
        set(&mut shown, "roleDefinitionId", json!(roles::id_through(asked, roles::guid_of(role))));
    }
    let old = call.query.get("api-version").is_some_and(|version| version.as_str() < "2020-03-01-preview");
    let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) else {
        return shown;
    };
    for field in ["condition", "conditionVersion", "delegatedManagedIdentityResourceId", "description"] {
        if old {
            properties.remove(field);
        } else {
            properties.entry(field).or_insert(Value::Null);
        }
    }
    if let Some(object) = shown.as_object_mut() {
        object.insert("type".to_owned(), json!("Microsoft.Authorization/roleAssignments"));
        object.insert("name".to_owned(), json!(roles::guid_of(&id)));
    }
    shown
}

fn list(objects: &dyn Objects, call: &Call, asked: &str) -> Result<Answer, Answer> {
    let known = ["atscope()", "principalid", "assignedto()"];
    let terms = filter::of(call, &known)?;
    let here = canonical(asked);
    let chain = scope::chain(objects, asked);
    let only_above = terms.contains(&Term::Function("atscope".to_owned(), None));
    let holders: Vec<BTreeSet<String>> = terms
        .iter()
        .filter_map(|term| match term {
            Term::Equals(_, principal) => Some([principal.to_lowercase()].into()),
            Term::Function(_, Some(principal)) => Some(identities(objects, principal)),
            Term::Function(_, None) => None,
        })
        .collect();
    let matches = |assignment: &&Value| {
        let at = canonical(scope_of(assignment));
        let in_reach = chain.contains(&at) || (!only_above && scope::contains(objects, &here, &at));
        let to = text(assignment, "/properties/principalId").unwrap_or_default().to_lowercase();
        in_reach && holders.iter().all(|holders| holders.contains(&to))
    };
    let found = candidates(objects, &here, &chain, only_above, holders.first())
        .into_iter()
        .filter(matches)
        .map(|found| show(found, asked, call))
        .collect();
    Ok(if scope::subscription_of(asked).is_some() { Answer::list(found) } else { page(found, call) })
}

/// One page of a list at provider level; the token is the number of items before it.
fn page(items: Vec<Value>, call: &Call) -> Answer {
    let from = match call.query.get("$skiptoken").map(|token| token.parse::<usize>()) {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_)) => return Answer::error(400, "InvalidSkipToken", "The skip token is not valid."),
    };
    let more = items.len() > from.saturating_add(PAGE);
    let value: Vec<Value> = items.into_iter().skip(from).take(PAGE).collect();
    if !more {
        return Answer::list(value);
    }
    let query = call.query.iter().filter(|(key, _)| *key != "$skiptoken");
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(query).append_pair("$skipToken", &(from + PAGE).to_string());
    let next = format!("{}{}?{}", call.origin, call.path, text.finish());
    Answer::json(200, json!({"value": value, "nextLink": next}))
}

/// The fields of a request to create an assignment, checked.
struct Wanted<'a> {
    role: &'a str,
    principal: &'a str,
    kind: Option<&'a str>,
}

fn wanted<'a>(call: &Call<'a>, name: &str) -> Result<Wanted<'a>, Answer> {
    let bad = |code: &str, message: String| Answer::error(400, code, message);
    if Uuid::parse_str(name).is_err() {
        let message =
            format!("The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.");
        return Err(bad("InvalidRoleAssignmentId", message));
    }
    if !call.body.get("properties").is_some_and(Value::is_object) {
        let message = "The request content was invalid and could not be deserialized.";
        return Err(bad("InvalidRequestContent", message.to_owned()));
    }
    let field =
        |name: &str| text(call.body, &format!("/properties/{name}")).filter(|value| !value.is_empty());
    let Some(principal) = field("principalId").filter(|id| Uuid::parse_str(id).is_ok()) else {
        let id = field("principalId").unwrap_or_default();
        return Err(bad(
            "InvalidPrincipalId",
            format!("The Principal ID '{id}' is not valid. Principal ID must be a GUID."),
        ));
    };
    let Some(role) = field("roleDefinitionId").filter(|id| canonical(id).contains(roles::SEGMENT)) else {
        let message = "The role definition ID is missing or not valid.";
        return Err(bad("InvalidRoleDefinitionId", message.to_owned()));
    };
    let kind = field("principalType");
    let kinds = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];
    if let Some(unknown) = kind.filter(|kind| !kinds.contains(kind)) {
        return Err(bad("InvalidPrincipalType", format!("The principal type '{unknown}' is not valid.")));
    }
    match (field("condition"), field("conditionVersion")) {
        (Some(_), Some("2.0")) | (None, _) => {}
        (Some(_), _) => {
            let message = "The condition version of a role assignment with a condition must be '2.0'.";
            return Err(bad("InvalidConditionVersion", message.to_owned()));
        }
    }
    Ok(Wanted { role, principal, kind })
}

/// Is the principal known by now? With its type given the look-up in the directory is skipped, yet replication
/// still takes a moment.
fn check_principal(objects: &dyn Objects, call: &Call, wanted: &Wanted) -> Result<String, Answer> {
    let id = undashed(wanted.principal);
    let delays = objects.delays();
    let delay = if wanted.kind.is_some() { delays.typed_principal } else { delays.principal };
    let principal = objects.principal(wanted.principal);
    let known = principal.filter(|found| found.since.is_none_or(|since| call.now >= since + delay));
    let Some(principal) = known else {
        let message = format!(
            "Principal {id} does not exist in the directory {}. Check that you have the correct principal ID. If you \
             are creating this principal and then immediately assigning a role, this error might be related to a \
             replication delay. In this case, set the role assignment principalType property to a value, such as \
             ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
            call.tenant
        );
        return Err(Answer::error(400, "PrincipalNotFound", message));
    };
    match wanted.kind {
        Some(kind) if kind != principal.kind => {
            let message = format!(
                "The PrincipalId '{id}' has type '{}' , which is different from specified PrinciaplType '{kind}'.",
                principal.kind
            );
            Err(Answer::error(400, "UnmatchedPrincipalType", message))
        }
        _ => Ok(principal.kind),
    }
}

/// Refuses what would be a second assignment of the same triple, another use of the name, or one too many.
fn check_room(objects: &dyn Objects, at: &str, name: &str, wanted: &Wanted) -> Result<(), Answer> {
    let (here, role) = (canonical(at), roles::guid_of(wanted.role));
    let subscription = scope::subscription_of(&here).map(|id| format!("/subscriptions/{id}"));
    let counted = match scope::subscription_of(&here) {
        Some(id) => Key::AssignedIn(id.to_owned()),
        None => Key::AssignedAt(here.clone()),
    };
    let mut in_reach = objects.count(&counted);
    let named = objects.found(&Key::AssignmentName(name.to_lowercase()));
    let held = objects.found(&Key::AssignedTo(wanted.principal.to_lowercase()));
    let others: BTreeMap<String, &Value> =
        named.into_iter().chain(held).map(|one| (canonical(id_of(one)), one)).collect();
    for other in others.into_values() {
        let its = canonical(scope_of(other));
        let same_principal = text(other, "/properties/principalId")
            .is_some_and(|id| id.eq_ignore_ascii_case(wanted.principal));
        let same_role = text(other, "/properties/roleDefinitionId")
            .is_some_and(|id| roles::guid_of(id).eq_ignore_ascii_case(role));
        let same_name = roles::guid_of(id_of(other)).eq_ignore_ascii_case(name);
        if same_name && !(same_principal && same_role && its == here) {
            let message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
            return Err(Answer::error(400, "RoleAssignmentUpdateNotPermitted", message));
        }
        if !same_name && same_principal && same_role && its == here {
            let taken = undashed(roles::guid_of(id_of(other)));
            let message = format!(
                "The role assignment already exists. The ID of the existing role assignment is {taken}."
            );
            return Err(Answer::error(409, "RoleAssignmentExists", message));
        }
        let counted = match &subscription {
            Some(whole) => its == *whole || its.starts_with(&format!("{whole}/")),
            None => its == here,
        };
        in_reach -= usize::from(counted && same_name);
    }
    if in_reach >= if subscription.is_some() { LIMIT_SUBSCRIPTION } else { LIMIT_GROUP } {
        let message = "No more role assignments can be created (code: RoleAssignmentLimitExceeded).";
        return Err(Answer::error(400, "RoleAssignmentLimitExceeded", message));
    }
    Ok(())
}

fn put(objects: &mut dyn Objects, call: &Call, at: &str, name: &str) -> Result<Answer, Answer> {
    let wanted = wanted(call, name)?;
    super::check_scope(objects, at)?;
    let guid = roles::guid_of(wanted.role);
    let chain = scope::chain(objects, at);
    if !roles::find(objects, guid).is_some_and(|role| role.assignable_in(&chain)) {
        return Err(roles::unknown(400, guid));
    }
    let kind = check_principal(objects, call, &wanted)?;
    check_room(objects, at, name, &wanted)?;

    let id = super::child(at, "roleAssignments", name);
    let before = objects.get(&id).cloned();
    let optional =
        |field: &str| call.body.pointer(&format!("/properties/{field}")).cloned().unwrap_or_default();
    let now = stamp(call.now);
    let created =
        before.as_ref().and_then(|old| text(old, "/properties/createdOn")).unwrap_or(&now).to_owned();
    let creator =
        before.as_ref().and_then(|old| text(old, "/properties/createdBy")).unwrap_or(call.caller).to_owned();
    let body = json!({
        "properties": {
            "roleDefinitionId": roles::id_through(at, guid), "principalId": wanted.principal, "principalType": kind,
            "scope": if at.is_empty() { "/" } else { at },
            "condition": optional("condition"), "conditionVersion": optional("conditionVersion"),
            "createdOn": created, "updatedOn": now, "createdBy": creator, "updatedBy": call.caller,
            "delegatedManagedIdentityResourceId": optional("delegatedManagedIdentityResourceId"),
            "description": optional("description"),
        },
        "id": id, "type": "Microsoft.Authorization/roleAssignments", "name": name,
    });
    objects.put(&id, body.clone());
    let mut shown = show(&body, at, call);
    if before.is_none() {
        // The first answer does not know its creator yet; every later one does.
        set(&mut shown, "createdBy", Value::Null);
    }
    Ok(Answer::json(if before.is_some() { 200 } else { 201 }, shown))
}
