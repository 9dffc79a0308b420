//! CLI: what Graph answered, as directory objects. Pure.

use super::arm::is_identity;
use super::text::text;
use rehome_activities::azure::RecordedResponse;
use rehome_activities::references::secrets::MASK;
use rehome_orchestrator::without_secrets;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What of a directory object a rehearsal needs; nothing else of anybody leaves the tenant.
const MEMBERS: [&str; 32] = [
    "@odata.type",
    "id",
    "appId",
    "displayName",
    "groupTypes",
    "securityEnabled",
    "onPremisesSyncEnabled",
    "isAssignableToRole",
    "servicePrincipalType",
    "appRoles",
    "members",
    "owners",
    "federatedIdentityCredentials",
    "principalId",
    "principalType",
    "resourceId",
    "appRoleId",
    "clientId",
    "consentType",
    "scope",
    "roleDefinitionId",
    "directoryScopeId",
    "groupId",
    "accessId",
    "memberType",
    "status",
    "scheduleInfo",
    "name",
    "accountEnabled",
    "tags",
    "notes",
    ATTRIBUTES,
];

/// What a path calls blueprints of agent identities.
const BLUEPRINT: &str = "microsoft.graph.agentIdentityBlueprint";

/// Whoever may not read their values may read those of a snapshot.
const ATTRIBUTES: &str = "customSecurityAttributes";

/// Directory objects by lower-case id.
#[derive(Default)]
struct Directory(BTreeMap<String, Map<String, Value>>);

/// Everything that was heard of, and everybody who is granted something by what was read of Resource Manager.
pub(super) fn objects(heard: &[&RecordedResponse], arm: &[Value], caller: &str) -> Vec<Value> {
    let mut directory = Directory::default();
    for one in heard {
        if let Ok(answer) = &one.answer {
            directory.hear(&one.path.split('/').collect::<Vec<_>>(), answer);
        }
    }
    let principal = |i: &Value| text(i, "/properties/principalId").to_lowercase();
    let own: BTreeSet<String> = arm.iter().filter(|object| is_identity(object)).map(principal).collect();
    let gone = |one: &&&RecordedResponse| matches!(&one.answer, Err(why) if why.status == Some(404));
    let gone = heard.iter().filter(gone).filter_map(|one| one.path.strip_prefix("directoryObjects/"));
    directory.principals(arm, &gone.map(str::to_lowercase).collect());
    // Identities, and whoever is signed in, are there by themselves; not so what was set on them.
    let by_themselves = |id: &String, object: &Map<String, Value>| {
        own.contains(id) && !is_set_on(object) || id.eq_ignore_ascii_case(caller)
    };
    let needless = |object: &Map<String, Value>| {
        let has =
            |name: &str| object.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        ["#microsoft.graph.application", "#microsoft.graph.agentIdentityBlueprint"]
            .iter()
            .any(|kind| object["@odata.type"] == *kind)
            && !has("federatedIdentityCredentials")
            && !has("owners")
    };
    let wanted =
        directory.0.into_iter().filter(|(id, object)| !by_themselves(id, object) && !needless(object));
    wanted.map(|(_, object)| Value::Object(object)).collect()
}

impl Directory {
    fn hear(&mut self, path: &[&str], answer: &Value) {
        let items = || answer["value"].as_array().into_iter().flatten();
        match *path {
            ["servicePrincipals" | "users", id, "memberOf"] => {
                items().for_each(|item| self.link(item, "members", id));
            }
            ["servicePrincipals" | "users", id, "transitiveMemberOf"] => {
                items().for_each(|item| self.belong(item, id));
            }
            ["groups", id, "transitiveMemberOf"] => items().for_each(|item| self.belong(item, id)),
            ["servicePrincipals", id, "ownedObjects"] => {
                items().for_each(|item| self.link(item, "owners", id));
            }
            ["servicePrincipals", _, "appRoleAssignments"] => items().for_each(|item| {
                self.add(item, "appRoleAssignment");
                let resource = json!({"id": item["resourceId"], "displayName": item["resourceDisplayName"]});
                self.add(&resource, "servicePrincipal");
            }),
            ["servicePrincipals", _, "oauth2PermissionGrants"] => items().for_each(|item| {
                self.add(item, "oAuth2PermissionGrant");
                self.add(&json!({"id": item["resourceId"]}), "servicePrincipal");
                self.add(&json!({"id": item["principalId"]}), "user");
            }),
            ["roleManagement", "directory", "roleAssignments"] => {
                items().for_each(|item| self.add(item, "unifiedRoleAssignment"));
            }
            ["roleManagement", "directory", list]
            | ["identityGovernance", "privilegedAccess", "group", list] => {
                items().for_each(|item| self.add(item, &schedule(path[0], list)));
            }
            ["servicePrincipals"] => items().for_each(|item| self.add(item, "servicePrincipal")),
            ["applications"] => items().for_each(|item| self.add(item, "application")),
            ["applications", BLUEPRINT] => items().for_each(|item| self.add(item, "agentIdentityBlueprint")),
            ["applications", id, "federatedIdentityCredentials"] => {
                let trusts = json!({"id": id, "federatedIdentityCredentials": answer["value"]});
                self.add(&trusts, "application");
            }
            ["applications", id, BLUEPRINT, "federatedIdentityCredentials"] => {
                let trusts = json!({"id": id, "federatedIdentityCredentials": answer["value"]});
                self.add(&trusts, "agentIdentityBlueprint");
            }
            ["groups", _] => self.add(answer, "group"),
            ["servicePrincipals", _] => self.add(answer, "servicePrincipal"),
            _ => {}
        }
    }

    /// Adds what is not known of an object yet: the same answers in another order give the same object.
    fn add(&mut self, object: &Value, kind: &str) {
        let id = text(object, "/id").to_lowercase();
        if id.is_empty() {
            return;
        }
        let known = self.0.entry(id).or_default();
        for (name, member) in object.as_object().into_iter().flatten() {
            if MEMBERS.contains(&name.as_str()) && !member.is_null() {
                known.entry(name.clone()).or_insert_with(|| shown(name, member));
            }
        }
        known.entry("@odata.type").or_insert_with(|| Value::from(format!("#microsoft.graph.{kind}")));
    }

    /// Somebody is a member of a group, or has a directory role, which Graph shows as something to be a member of.
    fn belong(&mut self, item: &Value, who: &str) {
        let role = text(item, "/roleTemplateId");
        if role.is_empty() {
            return self.link(item, "members", who);
        }
        let held = json!({"id": format!("{who}-{role}"), "principalId": who, "roleDefinitionId": role, "directoryScopeId": "/"});
        self.add(&held, "unifiedRoleAssignment");
    }

    fn link(&mut self, item: &Value, list: &str, who: &str) {
        self.add(item, "directoryObject");
        let Some(known) = self.0.get_mut(&text(item, "/id").to_lowercase()) else { return };
        let mut links: BTreeSet<String> = known
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|link| link.as_str().map(ToOwned::to_owned))
            .collect();
        links.insert(who.to_owned());
        known.insert(list.to_owned(), json!(links));
    }

    /// Whoever is granted a role has to be there, so that the role can be granted again.
    fn principals(&mut self, arm: &[Value], gone: &BTreeSet<String>) {
        for object in arm.iter().filter(|o| text(o, "/type").to_lowercase().ends_with("/roleassignments")) {
            let kind = match text(object, "/properties/principalType") {
                "User" => "user",
                "Group" | "ForeignGroup" => "group",
                _ => "servicePrincipal",
            };
            let id = text(object, "/properties/principalId");
            if !gone.contains(&id.to_lowercase()) {
                self.add(&json!({ "id": id }), kind);
            }
        }
    }
}

/// Whether anything is set on a service principal that a new one has not.
fn is_set_on(object: &Map<String, Value>) -> bool {
    object.contains_key(ATTRIBUTES)
        || object.contains_key("notes")
        || object.get("accountEnabled").is_some_and(|enabled| enabled == false)
        || object.get("tags").and_then(Value::as_array).is_some_and(|tags| !tags.is_empty())
}

/// A member as it may leave the tenant.
fn shown(name: &str, member: &Value) -> Value {
    let mut member = member.clone();
    if let Some(text) = member.as_str().filter(|_| name == "notes") {
        return Value::from(without_secrets(text));
    }
    if name == ATTRIBUTES {
        let sets = member.as_object_mut().into_iter().flat_map(|sets| sets.values_mut());
        let all = sets.filter_map(Value::as_object_mut).flatten();
        all.filter(|(name, _)| !name.contains('@')).for_each(|(_, value)| hide(value));
    }
    member
}

/// Puts another value of the same type in the place of one.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => *text = MASK.to_owned(),
        Value::Number(number) => *number = 0.into(),
        Value::Bool(yes) => *yes = true,
        Value::Array(items) => {
            *items = items
                .iter()
                .take(1)
                .cloned()
                .map(|mut one| {
                    hide(&mut one);
                    one
                })
                .collect()
        }
        Value::Null | Value::Object(_) => {}
    }
}

/// The type of what privileged identity management lists.
fn schedule(of: &str, list: &str) -> String {
    let list = list.strip_suffix('s').unwrap_or(list);
    if of == "roleManagement" {
        let list = list.strip_prefix("role").unwrap_or(list);
        return format!("unifiedRole{list}");
    }
    let mut letters = list.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("privilegedAccessGroup{}{}", first.map(String::from).unwrap_or_default(), letters.as_str())
}
