//! Authorization room of the local Azure: role definitions, the built-in table and custom ones of the estate.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::objects::Key;

use super::actions::{Permission, covers};
use super::filter::{self, Term};
use super::scope::{self, canonical, id_of};
use super::view::{Answer, Call, Objects, stamp, text};

/// The segment pair that ends with a role definition's name.
pub(crate) const SEGMENT: &str = "/providers/microsoft.authorization/roledefinitions/";

/// A built-in role as the table file holds it; facts from `authorization/built-in-roles.json` of 2026-08-22.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BuiltIn {
    id: String,
    name: String,
    description: String,
    permissions: Vec<Value>,
}

static BUILT_IN: LazyLock<Vec<BuiltIn>> =
    LazyLock::new(|| serde_json::from_str(include_str!("builtin_roles.json")).unwrap_or_default());

/// A role definition, built in or custom.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) guid: String,
    name: String,
    custom: bool,
    assignable: Vec<String>,
    /// As Azure shows it, save for `id`, which depends on the subscription asked through.
    shown: Value,
}

impl Role {
    fn built_in(role: &BuiltIn) -> Self {
        let shown = json!({
            "properties": {
                "roleName": role.name, "type": "BuiltInRole", "description": role.description,
                "assignableScopes": ["/"], "permissions": role.permissions,
            },
            "type": "Microsoft.Authorization/roleDefinitions", "name": role.id,
        });
        let (guid, name) = (role.id.clone(), role.name.clone());
        Self { guid, name, custom: false, assignable: vec!["/".to_owned()], shown }
    }

    fn stored(object: &Value) -> Option<Self> {
        let guid = guid_of(id_of(object)).to_owned();
        let scopes = object.pointer("/properties/assignableScopes")?.as_array()?;
        Some(Self {
            guid,
            name: text(object, "/properties/roleName")?.to_owned(),
            custom: text(object, "/properties/type") != Some("BuiltInRole"),
            assignable: scopes.iter().filter_map(Value::as_str).map(canonical).collect(),
            shown: object.clone(),
        })
    }

    /// Its permission blocks.
    pub(crate) fn permissions(&self) -> Vec<Permission> {
        let blocks = self.shown.pointer("/properties/permissions").cloned().unwrap_or_default();
        serde_json::from_value(blocks).unwrap_or_default()
    }

    /// May it be assigned at the scope with this chain?
    pub(crate) fn assignable_in(&self, chain: &[String]) -> bool {
        self.assignable.iter().any(|scope| chain.contains(scope))
    }

    fn show(&self, scope: &str) -> Value {
        let mut shown = self.shown.clone();
        if let Some(object) = shown.as_object_mut() {
            object.insert("id".to_owned(), Value::String(id_through(scope, &self.guid)));
        }
        shown
    }
}

/// The trailing GUID of a role definition id: what two ids of one role have in common.
pub(crate) fn guid_of(id: &str) -> &str {
    id.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// A role definition's id as Azure shows it to one who asks through this scope.
pub(crate) fn id_through(scope: &str, guid: &str) -> String {
    let prefix = scope::subscription_of(scope).map(|id| format!("/subscriptions/{id}")).unwrap_or_default();
    format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{guid}")
}

fn stored(objects: &dyn Objects) -> Vec<&Value> {
    objects.found(&Key::Extension("roledefinitions".to_owned()))
}

/// The role with this GUID.
pub(crate) fn find(objects: &dyn Objects, guid: &str) -> Option<Role> {
    let built_in = BY_GUID.get(&guid.to_ascii_lowercase()).map(|(role, _)| role.clone());
    built_in.or_else(|| {
        let ending = format!("{SEGMENT}{}", guid.to_lowercase());
        let found = stored(objects).into_iter().find(|object| canonical(id_of(object)).ends_with(&ending))?;
        Role::stored(found)
    })
}

/// Built-in roles by lower-case GUID, each with its permissions.
static BY_GUID: LazyLock<HashMap<String, (Role, Vec<Permission>)>> = LazyLock::new(|| {
    let of = |role: &BuiltIn| {
        let role = Role::built_in(role);
        let permissions = role.permissions();
        (role.guid.to_lowercase(), (role, permissions))
    };
    BUILT_IN.iter().map(of).collect()
});

/// The GUID of a role as it is written, and what it gives.
pub(crate) fn permissions_of(
    objects: &dyn Objects,
    guid: &str,
) -> Option<(String, Cow<'static, [Permission]>)> {
    if let Some((role, permissions)) = BY_GUID.get(&guid.to_ascii_lowercase()) {
        return Some((role.guid.clone(), Cow::Borrowed(permissions)));
    }
    let role = find(objects, guid)?;
    let permissions = role.permissions();
    Some((role.guid, Cow::Owned(permissions)))
}

/// What built-in roles give on data and on nothing else, by name and by pattern: `*/read` of a reader reads no data.
static ON_DATA: LazyLock<(BTreeSet<String>, Vec<String>)> = LazyLock::new(|| {
    let all = BUILT_IN.iter().map(Role::built_in).flat_map(|role| role.permissions());
    let all: BTreeSet<String> =
        all.flat_map(|block| block.data_actions).map(|action| action.to_lowercase()).collect();
    let (patterns, names): (BTreeSet<String>, BTreeSet<String>) =
        all.into_iter().partition(|action| action.contains('*'));
    let narrow = |pattern: &String| pattern.split('*').next().unwrap_or_default().matches('/').count() >= 4;
    (names, patterns.into_iter().filter(narrow).collect())
});

/// Whether some built-in role gives this action on data.
pub(crate) fn is_on_data(action: &str) -> bool {
    let (names, patterns) = &*ON_DATA;
    names.contains(&action.to_lowercase()) || patterns.iter().any(|pattern| covers(pattern, action))
}

fn all(objects: &dyn Objects) -> Vec<Role> {
    let mut seen: BTreeSet<String> = BUILT_IN.iter().map(|role| role.id.clone()).collect();
    let built_in = BUILT_IN.iter().map(Role::built_in);
    let stored = stored(objects).into_iter().filter_map(Role::stored);
    built_in.chain(stored.filter(|role| seen.insert(role.guid.to_lowercase()))).collect()
}

/// Answers requests under `{scope}/providers/Microsoft.Authorization/roleDefinitions`.
pub(crate) fn handle(objects: &mut dyn Objects, call: &Call, scope: &str, name: Option<&str>) -> Answer {
    match (call.method, name) {
        ("GET", None) => list(objects, call, scope).unwrap_or_else(|refusal| refusal),
        ("GET", Some(guid)) => match find(objects, guid).filter(|role| reachable(objects, role, scope)) {
            Some(role) => Answer::json(200, role.show(scope)),
            None => unknown(404, guid),
        },
        ("PUT", Some(guid)) => put(objects, call, scope, guid),
        ("DELETE", Some(guid)) => delete(objects, scope, guid),
        (method, _) => Answer::method_not_allowed(method),
    }
}

/// Azure's answer about a role definition that is not there.
pub(crate) fn unknown(status: u16, guid: &str) -> Answer {
    let message =
        format!("The specified role definition with ID '{}' does not exist.", super::view::undashed(guid));
    Answer::error(status, "RoleDefinitionDoesNotExist", message)
}

/// Seen from a scope are the roles that can be assigned there or below it.
fn reachable(objects: &dyn Objects, role: &Role, scope: &str) -> bool {
    let here = canonical(scope);
    role.assignable_in(&scope::chain(objects, scope))
        || role.assignable.iter().any(|below| scope::contains(objects, &here, below))
}

fn list(objects: &dyn Objects, call: &Call, scope: &str) -> Result<Answer, Answer> {
    let known = ["rolename", "type", "atscopeandbelow()"];
    let terms = filter::of(call, &known)?;
    let below = terms.contains(&Term::Function("atscopeandbelow".to_owned(), None));
    let chain = scope::chain(objects, scope);
    let matches = |role: &Role| {
        let here = role.assignable_in(&chain) || (below && reachable(objects, role, scope));
        here && terms.iter().all(|term| match term {
            Term::Equals(field, value) if field == "rolename" => role.name.eq_ignore_ascii_case(value),
            Term::Equals(_, value) => {
                value.eq_ignore_ascii_case(if role.custom { "CustomRole" } else { "BuiltInRole" })
            }
            Term::Function(..) => true,
        })
    };
    let found = all(objects).into_iter().filter(matches).map(|role| role.show(scope));
    Ok(Answer::list(found.collect()))
}

fn put(objects: &mut dyn Objects, call: &Call, scope: &str, guid: &str) -> Answer {
    let invalid = |message: &str| Answer::error(400, "InvalidRoleDefinition", message);
    if Uuid::parse_str(guid).is_err() {
        let message =
            format!("The role definition ID '{guid}' is not valid. The role definition ID must be a GUID.");
        return Answer::error(400, "InvalidRoleDefinitionId", message);
    }
    let old = find(objects, guid);
    if old.as_ref().is_some_and(|role| !role.custom) {
        let message = "Built-in role definitions cannot be updated.";
        return Answer::error(400, "RoleDefinitionUpdateNotPermitted", message);
    }
    let Some(role_name) = text(call.body, "/properties/roleName").filter(|name| !name.trim().is_empty())
    else {
        return invalid("The role definition must have a role name.");
    };
    let scopes = call.body.pointer("/properties/assignableScopes").and_then(Value::as_array);
    let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty() && scopes.iter().all(Value::is_string))
    else {
        return invalid("The role definition must have at least one assignable scope.");
    };
    let named =
        |role: &Role| role.name.eq_ignore_ascii_case(role_name) && !role.guid.eq_ignore_ascii_case(guid);
    if all(objects).iter().any(named) {
        let message =
            format!("A custom role with the same name '{role_name}' already exists in this directory.");
        return Answer::error(409, "RoleDefinitionWithSameNameExists", message);
    }
    let permissions = call.body.pointer("/properties/permissions").cloned().unwrap_or_else(|| json!([]));
    let Ok(blocks) = serde_json::from_value::<Vec<Permission>>(permissions) else {
        return invalid("The permissions of the role definition are not valid.");
    };
    let created = old.as_ref().and_then(|role| text(&role.shown, "/properties/createdOn").map(str::to_owned));
    let now = stamp(call.now);
    let id = match &old {
        Some(role) => id_of(&role.shown).to_owned(),
        None => id_through(scope, guid),
    };
    let blocks: Vec<Value> = blocks.iter().map(show_block).collect();
    let body = json!({
        "properties": {
            "roleName": role_name, "type": "CustomRole",
            "description": text(call.body, "/properties/description"), "assignableScopes": scopes,
            "permissions": blocks, "createdOn": created.unwrap_or_else(|| now.clone()), "updatedOn": now,
            "createdBy": null, "updatedBy": call.caller,
        },
        "id": id, "type": "Microsoft.Authorization/roleDefinitions", "name": guid,
    });
    objects.put(&id, body.clone());
    Answer::json(201, body)
}

/// A permission block as Azure shows it.
pub(crate) fn show_block(block: &Permission) -> Value {
    json!({
        "actions": block.actions, "notActions": block.not_actions,
        "dataActions": block.data_actions, "notDataActions": block.not_data_actions,
    })
}

fn delete(objects: &mut dyn Objects, scope: &str, guid: &str) -> Answer {
    let Some(role) = find(objects, guid) else {
        return Answer::empty(204);
    };
    if !role.custom {
        let message = "Built-in role definitions cannot be deleted.";
        return Answer::error(400, "RoleDefinitionDeleteNotPermitted", message);
    }
    let used = objects.of_extension("roleassignments").iter().any(|assignment| {
        text(assignment, "/properties/roleDefinitionId")
            .is_some_and(|id| guid_of(id).eq_ignore_ascii_case(guid))
    });
    if used {
        let message =
            "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).";
        return Answer::error(400, "RoleDefinitionHasAssignments", message);
    }
    objects.remove(id_of(&role.shown));
    Answer::json(200, role.show(scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_built_in_roles_reads_whole_and_names_no_role_twice() {
        assert!(BUILT_IN.len() > 80, "only {} built-in roles", BUILT_IN.len());
        let guids: BTreeSet<&str> = BUILT_IN.iter().map(|role| role.id.as_str()).collect();
        assert_eq!(guids.len(), BUILT_IN.len());
        for role in BUILT_IN.iter() {
            assert!(!Role::built_in(role).permissions().is_empty(), "{} grants nothing", role.name);
        }
    }
}
