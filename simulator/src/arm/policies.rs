//! ARM: policies that deny. Pure: the assignments of the estate that cover a place, and their rules over the
//! resource as it would be.

use super::resources::merge;
use crate::authorization::{Call, Objects, canonical};
use crate::http::Reply;
use crate::objects::{ArmPath, Key};
use crate::world::World;
use serde_json::{Value, json};

/// The refusal of the first policy that denies this write.
pub(super) fn denies(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    if !matches!(call.method, "PUT" | "PATCH") || path.subscription().is_none() {
        return None;
    }
    denying(world, &canonical(call.path), &wished(world, call, path)).next().map(|a| refusal(a, path))
}

/// The assignments that cover a place and deny a resource there.
fn denying<'a>(world: &'a World, here: &'a str, wished: &'a Value) -> impl Iterator<Item = &'a Value> {
    let assigned = world.found(&Key::Policy).into_iter().filter(|object| {
        let id = canonical(object["id"].as_str().unwrap_or_default());
        let at = id.rfind("/providers/microsoft.authorization/policyassignments/");
        at.is_some_and(|at| here.starts_with(&format!("{}/", &id[..at])) || *here == id[..at])
    });
    assigned
        .filter(|a| a.pointer("/properties/enforcementMode").and_then(Value::as_str) != Some("DoNotEnforce"))
        .filter(move |assignment| is_denied(world, assignment, wished))
}

/// Whether this asks what policies would say.
pub(super) fn is_question(path: &str) -> bool {
    path.to_lowercase().ends_with("/providers/microsoft.policyinsights/checkpolicyrestrictions")
}

/// What policies would say of a resource in a group: those that deny it.
/// Source: <https://learn.microsoft.com/rest/api/policyinsights/policy-restrictions/check-at-resource-group-scope>
pub(super) fn check(world: &World, call: &Call<'_>) -> Reply {
    let group = call.path.to_lowercase();
    let group = group.rsplit_once("/providers/").map_or("", |(group, _)| group);
    let details = &call.body["resourceDetails"];
    let (Some(kind), Some(_)) = (details["resourceContent"]["type"].as_str(), details["apiVersion"].as_str())
    else {
        let message = "The resource to check needs a type and a version.";
        return Reply::error(400, "InvalidRequestContent", message);
    };
    let name = details["resourceContent"]["name"].as_str().unwrap_or_default();
    let here = canonical(&format!("{group}/providers/{kind}/{name}"));
    let evaluation = |assignment: &Value| {
        let info = json!({"policyDefinitionId": assignment["properties"]["policyDefinitionId"],
            "policyAssignmentId": assignment["id"]});
        json!({"policyInfo": info, "evaluationResult": "NonCompliant", "effectDetails": {"policyEffect": "Deny"}})
    };
    let all: Vec<Value> = denying(world, &here, &details["resourceContent"]).map(evaluation).collect();
    let body = json!({"fieldRestrictions": [], "contentEvaluationResult": {"policyEvaluations": all}});
    Reply::json(200, body)
}

/// The resource as it would be.
fn wished(world: &World, call: &Call<'_>, path: &ArmPath) -> Value {
    let mut wished = world.get(call.path).cloned().filter(|_| call.method == "PATCH").unwrap_or(json!({}));
    merge(&mut wished, call.body);
    let group = path.kind.is_empty();
    let kind = if group { "Microsoft.Resources/subscriptions/resourceGroups" } else { &path.kind };
    wished["type"] = Value::from(kind);
    wished["name"] = Value::from(if group { path.group().unwrap_or_default() } else { path.name() });
    wished
}

fn is_denied(world: &World, assignment: &Value, wished: &Value) -> bool {
    let id = assignment.pointer("/properties/policyDefinitionId").and_then(Value::as_str);
    let own = id.and_then(|id| world.get(id)).cloned();
    let Some(definition) = own.or_else(|| super::built_in_policies::find(id?)) else { return false };
    let rule = Rule { assignment, definition: &definition, wished };
    let effect = rule.resolved(&definition["properties"]["policyRule"]["then"]["effect"]);
    effect.as_str().is_some_and(|e| e.eq_ignore_ascii_case("deny"))
        && rule.holds(&definition["properties"]["policyRule"]["if"])
}

struct Rule<'a> {
    assignment: &'a Value,
    definition: &'a Value,
    wished: &'a Value,
}

impl Rule<'_> {
    fn holds(&self, condition: &Value) -> bool {
        let list = |name: &str| condition[name].as_array().cloned();
        if let Some(all) = list("allOf") {
            return all.iter().all(|one| self.holds(one));
        }
        if let Some(any) = list("anyOf") {
            return any.iter().any(|one| self.holds(one));
        }
        if let Some(not) = condition.get("not") {
            return !self.holds(not);
        }
        let found = self.field(condition["field"].as_str().unwrap_or_default());
        let mut tests = condition.as_object().into_iter().flatten().filter(|(name, _)| *name != "field");
        tests.all(|(name, wanted)| compare(name, &found, &self.resolved(wanted)))
    }

    fn field(&self, name: &str) -> Value {
        let kind = self.wished["type"].as_str().unwrap_or_default();
        let tag = name.strip_prefix("tags").map(|tag| tag.trim_matches(['[', ']', '.', '\'']));
        if let Some(tag) = tag.filter(|tag| !tag.is_empty()) {
            return self.wished["tags"][tag].clone();
        }
        // An alias: the type, a slash, and the way through the properties.
        match name.get(..=kind.len()).filter(|start| start.eq_ignore_ascii_case(&format!("{kind}/"))) {
            Some(start) => {
                let way = name[start.len()..].replace('.', "/");
                self.wished.pointer(&format!("/properties/{way}")).cloned().unwrap_or_default()
            }
            None => self.wished.pointer(&format!("/{}", name.replace('.', "/"))).cloned().unwrap_or_default(),
        }
    }

    /// `[parameters('name')]` stands for what the assignment says, or else the definition.
    fn resolved(&self, value: &Value) -> Value {
        let name = value.as_str().and_then(|text| text.strip_prefix("[parameters('")?.strip_suffix("')]"));
        let Some(name) = name else { return value.clone() };
        let given = self.assignment.pointer(&format!("/properties/parameters/{name}/value"));
        let usual = self.definition.pointer(&format!("/properties/parameters/{name}/defaultValue"));
        given.or(usual).cloned().unwrap_or_default()
    }
}

fn compare(name: &str, found: &Value, wanted: &Value) -> bool {
    let same = |wanted: &Value| match (found.as_str(), wanted.as_str()) {
        (Some(found), Some(wanted)) => found.eq_ignore_ascii_case(wanted),
        _ => found == wanted,
    };
    let within = || wanted.as_array().is_some_and(|list| list.iter().any(same));
    match name {
        "equals" => same(wanted),
        "notEquals" => !same(wanted),
        "in" => within(),
        "notIn" => !within(),
        "exists" => found.is_null() != (*wanted == true || *wanted == "true"),
        "like" => like(found, wanted),
        "notLike" => !like(found, wanted),
        // What this Azure cannot judge it does not deny.
        _ => false,
    }
}

/// One `*` at most, as in Azure.
fn like(found: &Value, wanted: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    let (found, wanted) = (text(found), text(wanted));
    match wanted.split_once('*') {
        Some((start, end)) => {
            found.len() >= start.len() + end.len() && found.starts_with(start) && found.ends_with(end)
        }
        None => found == wanted,
    }
}

fn refusal(assignment: &Value, path: &ArmPath) -> Reply {
    let definition = &assignment["properties"]["policyDefinitionId"];
    let policies = json!([{
        "policyAssignment": {"name": assignment["name"], "id": assignment["id"]},
        "policyDefinition": {"id": definition},
    }]);
    let message =
        format!("Resource '{}' was disallowed by policy. Policy identifiers: '{policies}'.", path.name());
    let info = json!({"policyDefinitionId": definition, "policyAssignmentId": assignment["id"],
        "policyAssignmentName": assignment["name"], "policyDefinitionEffect": "deny"});
    Reply::json(
        403,
        json!({"error": {"code": "RequestDisallowedByPolicy", "target": path.name(), "message": message,
            "additionalInfo": [{"type": "PolicyViolation", "info": info}]}}),
    )
}
