//! ARM: what is put on a resource from outside: policies that are assigned there, exemptions, diagnostic settings.
//! Pure. How exactly Azure words most of these refusals is not published.

use super::answers::not_found;
use crate::authorization::{Call, Objects, canonical, linked, scope_chain};
use crate::http::Reply;
use crate::objects::ArmPath;
use crate::world::World;
use serde_json::{Map, Value, json};

const ASSIGNMENT: &str = "microsoft.authorization/policyassignments";
const EXEMPTION: &str = "microsoft.authorization/policyexemptions";
const DIAGNOSTIC: &str = "microsoft.insights/diagnosticsettings";

/// Where a diagnostic setting may send to, and what its maker must be allowed there; nothing where that is not known.
/// Source: <https://learn.microsoft.com/rest/api/monitor/diagnostic-settings/create-or-update>
const SINKS: [(&str, &str); 5] = [
    ("workspaceId", "Microsoft.OperationalInsights/workspaces/sharedKeys/action"),
    ("storageAccountId", "Microsoft.Storage/storageAccounts/listKeys/action"),
    ("eventHubAuthorizationRuleId", "Microsoft.EventHub/namespaces/authorizationRules/listKeys/action"),
    ("serviceBusRuleId", ""),
    ("marketplacePartnerId", ""),
];

/// How many diagnostic settings a resource may have.
/// Source: <https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings>
const SETTINGS_MAX: usize = 5;

/// Whether what is put under a resource goes with it. Diagnostic settings stay, and come back with a resource of
/// the same name; so do role assignments.
pub(super) fn outlives(id: &str) -> bool {
    let id = id.to_lowercase();
    ["microsoft.authorization/roleassignments", DIAGNOSTIC]
        .iter()
        .any(|kind| id.contains(&format!("/providers/{kind}/")))
}

/// Azure's 404 where the resource that is extended is not there.
pub(super) fn of_nothing(world: &World, path: &ArmPath) -> Option<Reply> {
    let kind = path.kind.to_lowercase();
    let extended = ArmPath::parse(&path.scope);
    let is = [ASSIGNMENT, EXEMPTION, DIAGNOSTIC].contains(&kind.as_str()) && extended.is_instance();
    (is && world.get(&path.scope).is_none()).then(|| not_found(&extended))
}

/// The lists of policies: assignments at a scope with those above and below it, unless the filter says less; definitions
/// with those that every tenant has.
/// Source: <https://learn.microsoft.com/rest/api/policyauthorization/policy-assignments/list-for-resource-group>
pub(super) fn listed(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    if call.method != "GET" || path.is_instance() {
        return None;
    }
    let kind = path.kind.to_lowercase();
    let here = canonical(&path.scope);
    if kind == "microsoft.authorization/policydefinitions" {
        let own = world
            .of_type(&kind)
            .into_iter()
            .filter(|one| canonical(&ArmPath::parse(id_of(one)).scope) == here);
        let filter = call.query.get("$filter").map(|text| text.to_lowercase()).unwrap_or_default();
        let word = ["custom", "builtin"].into_iter().find(|word| filter == format!("policytype eq '{word}'"));
        let mut value: Vec<Value> =
            if word == Some("custom") { Vec::new() } else { super::built_in_policies::all() };
        if word != Some("builtin") {
            value.extend(own.cloned());
        }
        return Some(Reply::json(200, json!({ "value": value })));
    }
    if kind != ASSIGNMENT {
        return None;
    }
    let filter = call.query.get("$filter").map(|text| text.trim().to_lowercase()).unwrap_or_default();
    let (above, below, definition) = match filter.as_str() {
        "" => (true, true, None),
        "atscope()" => (true, false, None),
        "atexactscope()" => (false, false, None),
        other => match other.strip_prefix("policydefinitionid eq '").and_then(|rest| rest.strip_suffix('\''))
        {
            Some(id) => (true, true, Some(canonical(id))),
            None => {
                return Some(Reply::error(400, "InvalidFilterInQueryString", "The filter is not supported."));
            }
        },
    };
    let chain = scope_chain(world, &path.scope);
    let fits = |one: &&Value| {
        let at = canonical(&ArmPath::parse(id_of(one)).scope);
        let in_reach =
            at == here || above && chain.contains(&at) || below && at.starts_with(&format!("{here}/"));
        let of = one.pointer("/properties/policyDefinitionId").and_then(Value::as_str).map(canonical);
        in_reach && definition.as_ref().is_none_or(|wanted| of.as_ref() == Some(wanted))
    };
    let value: Vec<Value> = world.of_type(ASSIGNMENT).into_iter().filter(fits).cloned().collect();
    Some(Reply::json(200, json!({ "value": value })))
}

/// What Azure says of a definition that a client writes, and where a new assignment holds.
pub(super) fn complete(path: &ArmPath, before: Option<&Value>, body: &mut Value) {
    let kind = path.kind.to_lowercase();
    if kind == ASSIGNMENT
        && before.is_none()
        && let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut)
    {
        properties.insert("scope".to_owned(), Value::from(path.scope.as_str()));
    }
    if ["microsoft.authorization/policydefinitions", "microsoft.authorization/policysetdefinitions"]
        .contains(&kind.as_str())
        && let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut)
    {
        properties.entry("policyType").or_insert(Value::from("Custom"));
    }
}

fn id_of(object: &Value) -> &str {
    object["id"].as_str().unwrap_or_default()
}

/// The refusal of an extension that does not fit.
pub(super) fn refused(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    match path.kind.to_lowercase().as_str() {
        ASSIGNMENT => assignment(call, path),
        EXEMPTION => exemption(world, call, path),
        DIAGNOSTIC => diagnostic(world, call, path),
        _ => None,
    }
}

fn text<'a>(call: &'a Call<'_>, pointer: &str) -> Option<&'a str> {
    call.body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// What is assigned need not be in an estate: one that was taken from a tenant has only what was read.
fn assignment(call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    const CODE: &str = "InvalidCreatePolicyAssignmentRequest";
    if text(call, "/properties/policyDefinitionId").is_none() {
        let message = "The policy assignment create request is invalid. Policy definition id is missing.";
        return Some(Reply::error(400, CODE, message));
    }
    let identity = text(call, "/identity/type").is_some_and(|kind| !kind.eq_ignore_ascii_case("None"));
    if identity && text(call, "/location").is_none() {
        let message =
            format!("The policy assignment '{}' has an identity and needs a location.", path.name());
        return Some(Reply::error(400, CODE, &message));
    }
    None
}

/// An exemption is from an assignment that covers what is exempted; one above resources need not be in an estate.
fn exemption(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    const MARK: &str = "/providers/microsoft.authorization/policyassignments/";
    let category = text(call, "/properties/exemptionCategory").unwrap_or_default();
    if !["waiver", "mitigated"].contains(&category.to_lowercase().as_str()) {
        let message = "The exemption category must be Waiver or Mitigated.";
        return Some(Reply::error(400, "InvalidCreatePolicyExemptionRequest", message));
    }
    let assignment = text(call, "/properties/policyAssignmentId").map(canonical).unwrap_or_default();
    let at = assignment.rfind(MARK).map(|at| assignment[..at].to_owned());
    let here = canonical(&path.scope);
    let covers = |at: &str| here == *at || here.starts_with(&format!("{at}/"));
    let above = |at: &str| at.starts_with("/providers/microsoft.management/managementgroups/");
    let Some(at) = at.filter(|at| above(at) || covers(at)) else {
        let message = "The policy assignment of the exemption does not apply to its scope.";
        return Some(Reply::error(400, "InvalidCreatePolicyExemptionRequest", message));
    };
    if ArmPath::parse(&at).is_instance() && !above(&at) && world.get(&assignment).is_none() {
        let message = format!("The policy assignment '{assignment}' is not found.");
        return Some(Reply::error(404, "PolicyAssignmentNotFound", &message));
    }
    const EXEMPT: &str = "Microsoft.Authorization/policyAssignments/exempt/action";
    linked(world, call, EXEMPT, [&at].into_iter()).err().map(Into::into)
}

fn diagnostic(world: &World, call: &Call<'_>, path: &ArmPath) -> Option<Reply> {
    let sent = |name: &str| text(call, &format!("/properties/{name}"));
    if SINKS.iter().all(|(name, _)| sent(name).is_none()) {
        let message = "At least one data sink needs to be specified.";
        return Some(Reply::error(400, "BadRequest", message));
    }
    for (name, action) in SINKS.iter().filter(|(_, action)| !action.is_empty()) {
        let sink = sent(name).map(ToOwned::to_owned);
        if let Err(answer) = linked(world, call, action, sink.iter()) {
            return Some(answer.into());
        }
    }
    let prefix = format!("{}/providers/{DIAGNOSTIC}/", canonical(&path.scope));
    let others = world.below(&prefix);
    let others =
        others.iter().filter(|o| canonical(o["id"].as_str().unwrap_or_default()) != canonical(call.path));
    let others: Vec<&Value> = others.copied().collect();
    if others.len() >= SETTINGS_MAX {
        let message = format!("A resource may have {SETTINGS_MAX} diagnostic settings.");
        return Some(Reply::error(400, "BadRequest", &message));
    }
    let clash = others.iter().find(|other| shares(&other["properties"], &call.body["properties"]))?;
    let message = format!(
        "Data sinks can't be reused in different settings on the same category for the same resource: they are in \
         diagnostic setting '{}'.",
        clash["name"].as_str().unwrap_or_default()
    );
    Some(Reply::error(409, "Conflict", &message))
}

/// Whether two settings send the same to one place.
fn shares(one: &Value, other: &Value) -> bool {
    let same = |name: &str| {
        let text = |of: &Value| of[name].as_str().map(str::to_lowercase);
        text(one).is_some_and(|sink| Some(sink) == text(other))
    };
    let sent = |of: &Value| -> Vec<String> {
        let lists = ["logs", "metrics"].iter().flat_map(|list| of[list].as_array().into_iter().flatten());
        let on = lists
            .filter_map(Value::as_object)
            .filter(|entry| entry.get("enabled") == Some(&Value::Bool(true)));
        let name = |entry: &Map<String, Value>| {
            ["category", "categoryGroup"].iter().find_map(|k| entry.get(*k)?.as_str().map(str::to_lowercase))
        };
        on.filter_map(name).collect()
    };
    let theirs = sent(other);
    SINKS.iter().any(|(name, _)| same(name)) && sent(one).iter().any(|what| theirs.contains(what))
}
