//! Activities: the steps for what stands on the identity itself: policies, exemptions, diagnostic settings. Each is
//! put on the new one under its own name, and taken from the old one before that goes: what is forgotten there
//! would come back with another identity of that name. Pure.

use crate::commands::shell::quoted;
use crate::references::table::type_of;
use crate::references::text::replace;
use crate::relocate::facts::{Named, OnItself, OwnPolicy};
use crate::relocate::plan::builder::{Builder, Group, New, Words, object};
use crate::relocate::plan::kinds::act;
use crate::relocate::plan::words::place;
use rehome_orchestrator::{Node, StepId, Template};
use serde_json::{Map, Value};

/// Puts all of it on the new identity; exemptions after the policies that they may be from.
pub(crate) fn put(b: &mut Builder<'_>, new: &New) -> Vec<StepId> {
    let made = [new.made_by.clone()];
    let (policies, rest): (Vec<&OnItself>, Vec<&OnItself>) =
        b.facts.on_itself.iter().partition(|one| is(one, "policyAssignments"));
    let mut steps: Vec<StepId> = policies.into_iter().map(|one| step(b, new, one, &made)).collect();
    for named in &b.facts.named {
        if let Named::Policy(policy) = named {
            let (title, node) = by_hand(b, new, policy);
            steps.push(b.push(Group::Grant, Words::new(title, "by hand"), &made, node));
        }
    }
    let assigned: Vec<StepId> = made.iter().chain(&steps).cloned().collect();
    for one in rest {
        let needs = if is(one, "policyExemptions") { &assigned[..] } else { &made[..] };
        steps.push(step(b, new, one, needs));
    }
    steps
}

/// Takes it from the old identity; exemptions before the policies that they may be from.
pub(crate) fn remove(b: &mut Builder<'_>, after: &StepId) -> Vec<StepId> {
    let (policies, rest): (Vec<&OnItself>, Vec<&OnItself>) =
        b.facts.on_itself.iter().partition(|one| is(one, "policyAssignments"));
    let mut steps = Vec::new();
    let mut needs = vec![after.clone()];
    for list in [rest, policies] {
        let before = steps.len();
        for one in list {
            let input = object([
                ("id", Some(Template::known(&one.id))),
                ("api_version", Some(Template::known(&one.api_version))),
                ("expected", Some(Template::known(&one.body))),
            ]);
            let words = Words::new(format!("old {}", what(one)), "put it back");
            steps.push(b.push(Group::CleanUp, words, &needs, act("grant.remove/1", input)));
        }
        needs.extend_from_slice(&steps[before..]);
    }
    steps
}

fn is(one: &OnItself, last: &str) -> bool {
    type_of(&one.id).is_some_and(|kind| kind.ends_with(last))
}

/// What it is called: `policy exemption ex`.
fn what(one: &OnItself) -> String {
    let kind = match type_of(&one.id).unwrap_or_default() {
        kind if kind.ends_with("policyAssignments") => "policy assignment",
        kind if kind.ends_with("policyExemptions") => "policy exemption",
        _ => "diagnostic setting",
    };
    format!("{kind} {}", place(&one.id))
}

fn step(b: &mut Builder<'_>, new: &New, one: &OnItself, needs: &[StepId]) -> StepId {
    let members = one.body.as_object().into_iter().flatten();
    let body = Template::object(members.map(|(name, value)| {
        let member = match name.as_str() {
            "identity" => Template::known(carried(b, new, value)),
            _ => b.renamed(new, value),
        };
        (name.clone(), member)
    }));
    let input = object([
        ("id", Some(Template::known(moved(b, new, &one.id)))),
        ("api_version", Some(Template::known(&one.api_version))),
        ("body", Some(body)),
    ]);
    let words = Words::new(format!("{} on NEW", what(one)), "remove");
    b.push(Group::Grant, words, needs, act("grant.put/1", input))
}

/// Where it stands on the new identity.
fn moved(b: &Builder<'_>, new: &New, id: &str) -> String {
    replace(id, &[(b.old().resource_id.as_str(), new.id.as_str())]).unwrap_or_else(|| id.to_owned())
}

/// A block of identities in which the new one stands for the old one.
fn carried(b: &Builder<'_>, new: &New, block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(map) = block["userAssignedIdentities"].as_object_mut() {
        let fresh = |id: &String| match id.eq_ignore_ascii_case(&b.old().resource_id) {
            true => new.id.clone(),
            false => id.clone(),
        };
        *map = map.iter().map(|(id, value)| (fresh(id), value.clone())).collect::<Map<_, _>>();
    }
    block
}

/// What a person does for a policy that no program copies.
fn by_hand(b: &Builder<'_>, new: &New, policy: &OwnPolicy) -> (String, Node) {
    let url = |id: &str| quoted(&format!("{id}?api-version={}", policy.api_version));
    let there = url(&moved(b, new, &policy.id));
    let mut parts = vec![Template::known(match &policy.body {
        Some(_) => format!("az rest --method put --url {there} --body "),
        None => format!(
            "look at\n  az rest --method get --url {}\nand assign the same policy on the new identity, with\n  az rest --method put --url {there} --body BODY",
            url(&policy.id)
        ),
    })];
    if let Some(body) = &policy.body {
        parts.push(b.renamed_text(new, &quoted(body)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::plan::plan;
    use crate::relocate::testing::{CLIENT, OLD, facts, params};
    use rehome_orchestrator::Step;
    use serde_json::json;

    fn own(kind: &str, name: &str, body: Value) -> OnItself {
        OnItself { id: format!("{OLD}/providers/{kind}/{name}"), api_version: "v".into(), body }
    }

    fn resolved(step: &Step) -> Value {
        let Node::Act { input, .. } = &step.node else { panic!("{} is a program's", step.title) };
        let made = json!({"principal_id": "new-oid", "client_id": "new-cid"});
        input.resolve(&|_| Some(&made)).unwrap()
    }

    #[test]
    fn an_exemption_comes_after_the_policy_that_it_is_from_and_goes_before_it() {
        let mut facts = facts();
        let assignment = format!("{OLD}/providers/Microsoft.Authorization/policyAssignments/p");
        let mut policy = json!({"properties": {"policyDefinitionId": "/d", "parameters": {"who": {"value": CLIENT}}},
            "location": "westeurope", "identity": {"type": "UserAssigned", "userAssignedIdentities": {}}});
        policy["identity"]["userAssignedIdentities"][OLD.to_uppercase()] = json!({});
        facts.on_itself = vec![
            own(
                "Microsoft.Authorization/policyExemptions",
                "e",
                json!({"properties": {"policyAssignmentId": assignment}}),
            ),
            own("Microsoft.Authorization/policyAssignments", "p", policy),
        ];
        let plan = plan(&params(), &facts).unwrap();
        let find = |title: &str| plan.steps.iter().find(|s| s.title == title).unwrap();
        let [policy, exemption] = ["policy assignment p on NEW", "policy exemption e on NEW"].map(find);
        assert!(exemption.needs.contains(&policy.id) && !policy.needs.contains(&exemption.id));
        let (policy, exemption) = (resolved(policy), resolved(exemption));
        let target = facts.target.id.as_str();
        assert_eq!(policy["id"], format!("{target}/providers/Microsoft.Authorization/policyAssignments/p"));
        assert_eq!(policy["body"]["properties"]["parameters"]["who"]["value"], "new-cid");
        assert_eq!(policy["body"]["identity"]["userAssignedIdentities"], json!({target: {}}));
        assert_eq!(exemption["body"]["properties"]["policyAssignmentId"], policy["id"], "the copy of it");
        let [policy, exemption] = ["old policy assignment p", "old policy exemption e"].map(find);
        assert!(policy.needs.contains(&exemption.id), "so that the policy is put back first");
        let deleted = plan.steps.iter().find(|s| s.title.contains("POINT OF NO RETURN")).unwrap();
        let revoke = plan.steps.iter().find(|s| deleted.needs.contains(&s.id)).unwrap();
        assert!(revoke.needs.contains(&policy.id) && revoke.needs.contains(&exemption.id));
    }

    #[test]
    fn a_person_gets_the_whole_command_and_hostile_names_stay_words() {
        let mut facts = facts();
        facts.named = vec![Named::Policy(OwnPolicy {
            id: format!("{OLD}/providers/Microsoft.Authorization/policyAssignments/it's"),
            api_version: "v".into(),
            principal: Some("old-own".into()),
            body: Some(json!({"properties": {"description": format!("{OLD}'; rm")}}).to_string()),
        })];
        let plan = plan(&params(), &facts).unwrap();
        let step = plan.steps.iter().find(|s| s.title.contains("which no program can copy")).unwrap();
        let Node::ByHand { instruction, .. } = &step.node else { panic!("a person's") };
        let text = instruction.resolve(&|_| None).unwrap();
        let text = text.as_str().unwrap();
        for part in [
            r"az rest --method put --url '/subscriptions/s1/resourceGroups/rg-pay-sdc/",
            r"policyAssignments/it'\''s?api-version=v' --body ",
            r#"rg-pay-sdc/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-pay'\''; rm"#,
            "az role assignment list --all --assignee old-own",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
