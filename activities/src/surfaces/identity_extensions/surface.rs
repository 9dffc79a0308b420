//! Activities: what stands on the identity itself: policies, exemptions, diagnostic settings. Each is put on the new one
//! under its own name, and taken from the old one before that goes: what is forgotten there would come back with another
//! identity of that name. Pure.

use crate::activity::object::{Object, Put, Remove};
use crate::azure::ResourceId;
use crate::commands::shell::quoted;
use crate::references::members;
use crate::relocate::facts::{Facts, IdentityExtension, ManualReference, OwnPolicy};
use crate::relocate::plan::builder::{Builder, NewIdentity, Part, ReadyPrincipal};
use crate::relocate::plan::words::{StepText, place};
use crate::relocate::short::short;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, by_hand as manual, moved};
use crate::surfaces::service_grant::activity::{MadeGrant, OldGrant, OldGrantInput, ServiceGrantInput};
use crate::surfaces::surface::{Leaves, Surface};
use rehome_orchestrator::{Node, PlanValue, StepId, Template};
use serde_json::{Map, Value};

/// The surface.
pub(crate) struct IdentityExtensions;

impl Surface for IdentityExtensions {
    fn rows(&self) -> Vec<Row> {
        let what = "policies assigned on it, exemptions from policies, its diagnostic settings";
        vec![
            moved(what, MadeGrant::NAME),
            manual(
                "policies assigned on it that have an identity of their own, or what looks like a secret",
                "an `az rest` command that assigns the policy, and what its new identity needs",
            ),
        ]
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for one in &facts.identity_extensions {
            put(format!("on it {}", one.id.folded()), short(&one.body));
        }
    }

    /// Policies are exempted from where they are assigned.
    /// Source: <https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure>
    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        let (old, home) = (&facts.identity.identifiers.resource_id, wanted.home.clone());
        for one in &facts.identity_extensions {
            let kind = one.id.kind().unwrap_or_default();
            wanted.forward(&format!("{kind}/write"), &home);
            wanted.clean_up(&format!("{kind}/delete"), old);
            let text = |name: &str| members::text(&one.body["properties"], &format!("/{name}"));
            if let Some(scope) = text("policyAssignmentId").and_then(|id| ResourceId::from(id).scope()) {
                let scope = if scope == *old { &home } else { &scope };
                wanted.forward("Microsoft.Authorization/policyAssignments/exempt/action", scope);
            }
            for (member, action) in SINKS {
                if let Some(sink) = text(member) {
                    wanted.forward(action, &sink);
                }
            }
            let attached = one.body.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
            for (id, _) in attached.into_iter().flatten() {
                let id = if *old == **id { &home } else { &id.into() };
                wanted.forward("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", id);
            }
        }
    }

    /// Exemptions come after the policies that they may be from.
    fn grant(&self, b: &mut Builder<'_>, ready: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let (new, made) = (ready.new, [ready.new.step()]);
        let (policies, rest) = apart(b.facts);
        let mut steps: Vec<StepId> = policies.into_iter().map(|one| step(b, new, one, &made)).collect();
        for named in &b.facts.manual_references {
            if let ManualReference::Policy(policy) = named {
                let (title, node) = by_hand(b, new, policy);
                steps.push(b.push(Part::Grant, StepText::new(title, "by hand"), &made, node));
            }
        }
        let assigned: Vec<StepId> = made.iter().chain(&steps).cloned().collect();
        for one in rest {
            let needs = if is(one, "policyExemptions") { &assigned[..] } else { &made[..] };
            steps.push(step(b, new, one, needs));
        }
        steps
    }

    fn leaves(&self) -> Leaves {
        Leaves::Last
    }

    /// Exemptions go before the policies that they may be from.
    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let (policies, rest) = apart(b.facts);
        let mut steps = Vec::new();
        let mut needs = vec![after.clone()];
        for list in [rest, policies] {
            let before = steps.len();
            for one in list {
                let IdentityExtension { id, api_version, body } = one.clone();
                let input = OldGrantInput { id, api_version, expected: body.into() };
                let text = StepText::new(format!("old {}", what(one)), "put it back");
                steps.push(b.push(Part::CleanUp, text, &needs, Node::doing::<Remove<OldGrant>>(&input)));
            }
            needs.extend_from_slice(&steps[before..]);
        }
        steps
    }
}

/// What a diagnostic setting sends to, and what whoever makes one must be allowed there.
/// Sources: <https://learn.microsoft.com/azure/azure-monitor/logs/manage-access>,
/// <https://learn.microsoft.com/azure/azure-monitor/roles-permissions-security>
const SINKS: [(&str, &str); 3] = [
    ("workspaceId", "Microsoft.OperationalInsights/workspaces/sharedKeys/action"),
    ("storageAccountId", "Microsoft.Storage/storageAccounts/listKeys/action"),
    ("eventHubAuthorizationRuleId", "Microsoft.EventHub/namespaces/authorizationRules/listKeys/action"),
];

/// Assigned policies, and the rest.
fn apart(facts: &Facts) -> (Vec<&IdentityExtension>, Vec<&IdentityExtension>) {
    facts.identity_extensions.iter().partition(|one| is(one, "policyAssignments"))
}

fn is(one: &IdentityExtension, last: &str) -> bool {
    one.id.kind().is_some_and(|kind| kind.ends_with(last))
}

/// What it is called: `policy exemption ex`.
fn what(one: &IdentityExtension) -> String {
    let kind = match one.id.kind().unwrap_or_default() {
        kind if kind.ends_with("policyAssignments") => "policy assignment",
        kind if kind.ends_with("policyExemptions") => "policy exemption",
        _ => "diagnostic setting",
    };
    format!("{kind} {}", place(&one.id))
}

fn step(b: &mut Builder<'_>, new: &NewIdentity, one: &IdentityExtension, needs: &[StepId]) -> StepId {
    let members = one.body.as_object().into_iter().flatten();
    let body = Template::object(members.map(|(name, value)| {
        let member = match name.as_str() {
            "identity" => Template::known(carried(b, new, value)),
            _ => b.renamed(new, value).template(),
        };
        (name.clone(), member)
    }));
    let id = moved_to(b, new, &one.id);
    let input = |locks| ServiceGrantInput {
        id: (&id).into(),
        api_version: one.api_version.clone(),
        body: PlanValue::from_template(body),
        locks,
    };
    let text = StepText::new(format!("{} on NEW", what(one)), "remove");
    b.make(Part::Grant, text, needs, &id, |locks| Node::doing::<Put<MadeGrant>>(&input(locks)))
}

/// Where it stands on the new identity.
fn moved_to(b: &Builder<'_>, new: &NewIdentity, id: &ResourceId) -> ResourceId {
    id.moved(&b.old().resource_id, &new.id).unwrap_or_else(|| id.clone())
}

/// A block of identities in which the new one stands for the old one.
fn carried(b: &Builder<'_>, new: &NewIdentity, block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(map) = block["userAssignedIdentities"].as_object_mut() {
        let fresh = |id: &String| match b.old().resource_id == **id {
            true => new.id.to_string(),
            false => id.clone(),
        };
        *map = map.iter().map(|(id, value)| (fresh(id), value.clone())).collect::<Map<_, _>>();
    }
    block
}

/// What a person does for a policy that no program copies.
fn by_hand(b: &Builder<'_>, new: &NewIdentity, policy: &OwnPolicy) -> (String, Node) {
    let url = |id: &str| quoted(&format!("{id}?api-version={}", policy.api_version));
    let there = url(&moved_to(b, new, &policy.id));
    let mut parts = vec![Template::known(match &policy.body {
        Some(_) => format!("az rest --method put --url {there} --body "),
        None => format!(
            "look at\n  az rest --method get --url {}\nand assign the same policy on the new identity, with\n  az rest --method put --url {there} --body BODY",
            url(&policy.id)
        ),
    })];
    if let Some(body) = &policy.body {
        parts.push(b.renamed_text(new, &quoted(body)).template());
    }
    if let Some(principal) = &policy.principal {
        parts.push(Template::known(format!(
            "\nIts own identity is another one there: give that what the old one has\n  az role assignment list --all --assignee {}",
            quoted(principal)
        )));
    }
    let node = Node::ByHand {
        instruction: Template::Text(parts),
        undo: Template::known(format!("az rest --method delete --url {there}")),
    };
    (format!("policy assignment {} on NEW, which no program can copy", place(&policy.id)), node)
}
