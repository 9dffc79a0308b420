//! Activities: what a person does where the old identity is named and no program changes it, before anybody
//! works as the new one; with the ready command, where there is one. Pure.

use crate::commands::shell::quoted;
use crate::commands::shown;
use crate::references::scan::Identifier;
use crate::relocate::facts::{Deny, Eligible, Group as GroupFact, ManualReference, NamedResource};
use crate::relocate::plan::builder::{Builder, NewIdentity, Part};
use crate::relocate::plan::words::StepText;
use crate::relocate::plan::words::{grouped, place};
use crate::surfaces::manual_references::manual_only_types;
use rehome_orchestrator::{Node, StepId, Template};
use serde_json::json;

/// The steps of people, each after the new principal is known.
pub(crate) fn steps(b: &mut Builder<'_>, new: &NewIdentity, known: &StepId) -> Vec<StepId> {
    let needs = [new.step(), known.clone()];
    let mut steps = Vec::new();
    for group in b.facts.directory.groups.iter().filter(|g| !g.can_be_joined()) {
        let (title, node) = joined(new, group);
        steps.push(b.push(Part::Grant, StepText::new(title, "by hand"), &needs, node));
    }
    for named in &b.facts.manual_references {
        if let Some((title, node)) = step(b, new, named) {
            steps.push(b.push(Part::Grant, StepText::new(title, "by hand"), &needs, node));
        }
    }
    steps
}

fn step(b: &Builder<'_>, new: &NewIdentity, named: &ManualReference) -> Option<(String, Node)> {
    Some(match named {
        ManualReference::Deny(deny) if deny.excluded => excluded(b, new, deny),
        ManualReference::Resource(resource) => deployed(b, new, resource),
        ManualReference::Hsm(id) => local_roles(b, new, id),
        ManualReference::Workspace(id) => workspace_roles(b, new, id),
        ManualReference::Eligible(eligible) => could_activate(b, new, eligible),
        // There is nothing to do before somebody decides so, or it has steps of its own.
        ManualReference::Deny(_)
        | ManualReference::Pim(_)
        | ManualReference::Exemption(_)
        | ManualReference::Policy(_)
        | ManualReference::Home(_)
        | ManualReference::Keeper(_) => return None,
    })
}

/// A group that nobody can put the new principal into.
fn joined(new: &NewIdentity, group: &GroupFact) -> (String, Node) {
    let id = quoted(&group.id);
    let how = if group.dynamic {
        format!(
            "takes its members from a rule:\n  az ad group show --group {id} --query membershipRule\n\
             Have the rule take in the new principal:\n  "
        )
    } else {
        "is kept on-premises, where nobody of Azure can be put into it. Give what it gives to the new principal:\n  "
            .to_owned()
    };
    let look = format!("\nWhat it gives:\n  az role assignment list --all --assignee {id}");
    let name = shown(&group.name);
    let back = format!("group {name}: take this principal out again:\n  ");
    let node = Node::ByHand {
        instruction: with_principal(new, [format!("group {name} ({}) {how}", shown(&group.id)), look]),
        undo: with_principal(new, [back, String::new()]),
    };
    (format!("group {}, which cannot be joined: see that NEW has what it gives", group.name), node)
}

/// Texts with the new principal's id between them.
fn with_principal<const N: usize>(new: &NewIdentity, texts: [String; N]) -> Template {
    let mut parts = Vec::with_capacity(2 * N);
    for text in texts {
        if !parts.is_empty() {
            parts.push(new.name(Identifier::PrincipalId));
        }
        parts.push(Template::known(text));
    }
    Template::Text(parts)
}

fn excluded(b: &Builder<'_>, new: &NewIdentity, deny: &Deny) -> (String, Node) {
    let [id, name, scope] = [&*deny.id, &deny.name, &deny.scope].map(shown);
    let through = deny.through.as_ref().map(|group| shown(group));
    let through = through.map_or_else(String::new, |group| format!(" through group {group}"));
    let old = &b.old().principal_id;
    let look = quoted(&format!("{}?api-version=2022-04-01", deny.id));
    let node = Node::ByHand {
        instruction: with_principal(
            new,
            [
                format!(
                    "{id}\n({name}) holds at {scope} and excludes {old}{through}.\nHave its owner exclude the new principal too:\n  "
                ),
                format!("\nand see that it does:\n  az rest --method get --url {look}"),
            ],
        ),
        undo: with_principal(
            new,
            [format!("{id}\nTake this principal from those whom it excludes:\n  "), String::new()],
        ),
    };
    (format!("deny assignment {name} at {}: exclude NEW", place(&scope)), node)
}

/// Source: <https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-requests/create>
fn could_activate(b: &Builder<'_>, new: &NewIdentity, e: &Eligible) -> (String, Node) {
    let send = |request: &str| {
        let mut properties = json!({"principalId": e.principal, "roleDefinitionId": e.role, "requestType": request,
            "justification": "moved to another region"});
        if request == "AdminAssign" {
            properties["scheduleInfo"]["expiration"] = match &e.until {
                Some(until) => json!({"type": "AfterDateTime", "endDateTime": until}),
                None => json!({"type": "NoExpiration"}),
            };
            if let Some(condition) = &e.condition {
                properties["condition"] = json!(condition);
                properties["conditionVersion"] = json!(e.condition_version.as_deref().unwrap_or("2.0"));
            }
        }
        let name = b.derived_name(&["eligible", request, &e.role, &e.principal]);
        let url = format!(
            "{}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{name}?api-version=2020-10-01",
            new.id
        );
        let body = quoted(&json!({ "properties": properties }).to_string());
        b.renamed_text(new, &format!("az rest --method put --url {} --body {body}", quoted(&url))).template()
    };
    let until = e.until.as_ref().map_or_else(String::new, |until| format!(" until {until}"));
    (
        format!("{} on NEW, to be activated by {}{until}", e.name, e.principal),
        Node::ByHand { instruction: send("AdminAssign"), undo: send("AdminRemove") },
    )
}

fn deployed(b: &Builder<'_>, new: &NewIdentity, resource: &NamedResource) -> (String, Node) {
    let said = manual_only_types::of(&resource.kind);
    let (what, api) = said.map_or(("resource", "2022-10-01"), |said| (said.what, said.api_version));
    let (id, kind) = (shown(&resource.id), shown(&resource.kind));
    let places: Vec<String> = resource.places.iter().map(|place| shown(&place.pointer)).collect();
    let places = places.join("\n  ");
    let head = format!("{id}\n({kind}) names the old identity at:\n  {places}\n");
    let old = &b.old().principal_id;
    let fresh = match stack(resource) {
        Some(command) => [
            format!(
                "{head}Deploy it again with the new principal where the old one stands:\n  {command}\n    --deny-settings-excluded-principals {old} "
            ),
            "\n    and its template, parameters and other settings as they are".to_owned(),
        ],
        None => [
            format!("{head}Deploy it again with the new principal beside the old one:\n  "),
            format!(
                "\nIt stands in\n  az rest --method get --url {}",
                quoted(&format!("{}?api-version={api}", resource.id))
            ),
        ],
    };
    let undo = [format!("{id}\nDeploy it again without this principal:\n  "), String::new()];
    let node = Node::ByHand { instruction: with_principal(new, fresh), undo: with_principal(new, undo) };
    (format!("{what} {}: name NEW, as it names OLD", grouped(&resource.id)), node)
}

/// The command that deploys a stack again, but for what nobody but its owner has.
/// Source: <https://learn.microsoft.com/cli/azure/stack>
fn stack(resource: &NamedResource) -> Option<String> {
    if resource.kind != "microsoft.resources/deploymentstacks" {
        return None;
    }
    let parts: Vec<&str> = resource.id.split('/').skip(1).collect();
    let is = |at: usize, word: &str| parts.get(at).is_some_and(|part| part.eq_ignore_ascii_case(word));
    let name = quoted(parts.last()?);
    let location = quoted(&resource.location);
    Some(if is(2, "resourceGroups") {
        let (subscription, group) = (quoted(parts.get(1)?), quoted(parts.get(3)?));
        format!("az stack group create --name {name} --resource-group {group} --subscription {subscription}")
    } else if is(0, "subscriptions") {
        let subscription = quoted(parts.get(1)?);
        format!("az stack sub create --name {name} --location {location} --subscription {subscription}")
    } else {
        let group = quoted(parts.get(3)?);
        format!("az stack mg create --name {name} --location {location} --management-group-id {group}")
    })
}

/// Source: <https://learn.microsoft.com/cli/azure/keyvault/role/assignment>
fn local_roles(b: &Builder<'_>, new: &NewIdentity, id: &str) -> (String, Node) {
    let hsm = quoted(&place(id));
    let command = |verb: &str| format!("az keyvault role assignment {verb} --hsm-name {hsm}");
    let old = &b.old().principal_id;
    let node = Node::ByHand {
        instruction: with_principal(
            new,
            [
                format!(
                    "{}\nkeeps local roles, which no list of Azure shows:\n  {} --assignee {old}\n\
                     Give each of them to the new principal:\n  {} --role ROLE --scope SCOPE --assignee-principal-type ServicePrincipal --assignee-object-id ",
                    shown(id),
                    command("list"),
                    command("create")
                ),
                String::new(),
            ],
        ),
        undo: with_principal(new, [format!("{} --assignee-object-id ", command("delete")), String::new()]),
    };
    (format!("managed HSM {}: local roles of OLD, if any, for NEW", place(id)), node)
}

/// Source: <https://learn.microsoft.com/cli/azure/synapse/role/assignment>
fn workspace_roles(b: &Builder<'_>, new: &NewIdentity, id: &str) -> (String, Node) {
    let workspace = quoted(&place(id));
    let command = |verb: &str| format!("az synapse role assignment {verb} --workspace-name {workspace}");
    let old = &b.old().principal_id;
    let node = Node::ByHand {
        instruction: with_principal(
            new,
            [
                format!(
                    "{}\nkeeps roles of its own, which no list of Azure shows:\n  {} --assignee {old}\n\
                     Give each of them to the new principal, by its id and at its scope:\n  {} --role ROLE --scope SCOPE --assignee-principal-type ServicePrincipal --assignee-object-id ",
                    shown(id),
                    command("list"),
                    command("create")
                ),
                String::new(),
            ],
        ),
        undo: with_principal(new, [format!("{} --yes --assignee ", command("delete")), String::new()]),
    };
    (format!("Synapse workspace {}: roles of OLD, if any, for NEW", place(id)), node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::facts::{Pim, PimKind, Reference};
    use crate::relocate::plan::plan;
    use crate::relocate::preflight::preflight;
    use crate::relocate::testing::{GROUP, PRINCIPAL, facts, host, params};
    use rehome_orchestrator::Step;

    const STACK: &str =
        "/subscriptions/s1/resourceGroups/rg-pay-weu/providers/Microsoft.Resources/deploymentStacks/it's";

    fn all() -> Vec<ManualReference> {
        let deny = |excluded| Deny {
            id: format!("{GROUP}/d-{excluded}").into(),
            name: "d".into(),
            scope: GROUP.into(),
            excluded,
            through: None,
        };
        let pim = |kind| Pim {
            kind,
            eligible: true,
            from: None,
            role: "r".into(),
            name: "r".into(),
            at: "/".into(),
            until: Some("2098-12-31T23:00:00Z".into()),
        };
        let pointer = "/properties/denySettings/excludedPrincipals/0".into();
        vec![
            ManualReference::Deny(deny(false)),
            ManualReference::Deny(deny(true)),
            ManualReference::Pim(pim(PimKind::Group)),
            ManualReference::Resource(NamedResource {
                id: STACK.into(),
                kind: "microsoft.resources/deploymentstacks".into(),
                location: String::new(),
                places: vec![Reference { pointer, identifier: Identifier::PrincipalId }],
            }),
            ManualReference::Hsm(format!("{GROUP}/providers/Microsoft.KeyVault/managedHSMs/hsm").into()),
            ManualReference::Eligible(Eligible {
                role: "/r".into(),
                name: "Operator".into(),
                principal: "it's".into(),
                until: None,
                condition: Some(format!("x eq '{PRINCIPAL}'")),
                condition_version: None,
            }),
            ManualReference::Workspace(format!("{GROUP}/providers/Microsoft.Synapse/workspaces/syn").into()),
        ]
    }

    fn told(step: &Step) -> String {
        let Node::ByHand { instruction, .. } = &step.node else { panic!("{} is a person's", step.title) };
        let made = json!({"principal_id": "new-oid", "client_id": "new-cid"});
        instruction.resolve(&|_| Some(&made)).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn a_person_has_a_step_for_each_of_them_before_any_host_and_hostile_names_stay_words() {
        let mut facts = facts();
        facts.hosts = vec![host("Microsoft.Storage/storageAccounts", "st")];
        let before = plan(&params(), &facts).unwrap().steps.len();
        facts.manual_references = all();
        let plan = plan(&params(), &facts).unwrap();
        assert_eq!(plan.steps.len(), before + 5, "nothing is done about who is denied or could activate");
        let said: Vec<&Step> =
            plan.steps.iter().filter(|s| s.group == "GRANT" && s.undo == "by hand").collect();
        let texts: Vec<String> = said.iter().map(|step| told(step)).collect();
        for (at, part) in [
            (0, "exclude the new principal too:\n  new-oid\n"),
            (1, r"az stack group create --name 'it'\''s' --resource-group rg-pay-weu"),
            (1, "/properties/denySettings/excludedPrincipals/0"),
            (2, "az keyvault role assignment list --hsm-name hsm --assignee 9b2f"),
            (3, "/roleEligibilityScheduleRequests/"),
            (3, "\"requestType\":\"AdminAssign\""),
            (3, r"x eq '\''new-oid'\''"),
            (4, "az synapse role assignment create --workspace-name syn --role ROLE --scope SCOPE"),
            (4, "--assignee-object-id new-oid"),
        ] {
            assert!(texts[at].contains(part), "{part}: {}", texts[at]);
        }
        assert!(texts[1].contains(&format!("--deny-settings-excluded-principals {PRINCIPAL} new-oid")));
        let pause = plan.steps.iter().find(|s| matches!(s.node, Node::PropagationDelay { .. })).unwrap();
        assert!(said.iter().all(|step| pause.needs.contains(&step.id)), "hosts wait for people");
    }

    #[test]
    fn a_deny_assignment_that_would_begin_to_deny_is_a_blocker_until_somebody_answers_for_it() {
        let mut facts = facts();
        facts.manual_references = all();
        let codes = |params: &crate::relocate::Params| {
            let found = preflight(params, &facts);
            let codes = |all: &[crate::relocate::preflight::Notice]| {
                all.iter().map(|n| n.code.clone()).filter(|c| c != "W311").collect::<Vec<_>>()
            };
            (codes(&found.blockers), codes(&found.warnings))
        };
        let mut params = params();
        assert_eq!(codes(&params), (vec!["B130".to_owned()], vec!["W370".to_owned(), "W371".into()]));
        params.options.accept_unseen.insert(format!("{GROUP}/D-TRUE"));
        assert_eq!(codes(&params).0, Vec::<String>::new());
    }
}
