//! Activities: what Exchange limits a permission on mailboxes to, and roles of its own, by lists that Graph does not have: a
//! person gives the new identity the same. Pure.
//!
//! Sources: <https://learn.microsoft.com/exchange/permissions-exo/application-rbac>,
//! <https://learn.microsoft.com/powershell/module/exchange/new-applicationaccesspolicy>,
//! <https://learn.microsoft.com/powershell/module/exchange/connect-exchangeonline>

use crate::azure::known_clouds::number_by_graph;
use crate::references::scan::Identifier;
use crate::relocate::facts::AppRole;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::plan::words::StepText;
use rehome_orchestrator::{Node, StepId, Template};

/// Permissions of Microsoft Graph on mailboxes: Mail, MailboxSettings, Calendars and Contacts.
/// Source: <https://learn.microsoft.com/graph/permissions-reference>
const ON_MAILBOXES: [&str; 12] = [
    "810c84a8-4a9e-49e6-bf7d-12d183f40d01",
    "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
    "6be147d2-ea4f-4b5a-a3fa-3eab6f3c140a",
    "693c5e45-0940-467d-9b8a-1022fb9d42ef",
    "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "40f97065-369a-49f4-947c-6a255697ae91",
    "6931bccd-447a-43d1-b442-00a195474933",
    "8ba4a692-bc31-4128-9094-475872af8a53",
    "798ee544-9d2d-430c-a058-570e29e34338",
    "ef54d2bf-783f-4e0f-bca1-3210c0444d99",
    "089fe4d0-434a-44c5-8827-41ba8a0b17f5",
    "6918b873-d17a-4dc1-b314-35f528134491",
];

/// How Exchange Online PowerShell is signed in to, in the order of the clouds with a name.
const CONNECT: [&str; 3] = [
    "Connect-ExchangeOnline",
    "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovGCCHigh",
    "Connect-ExchangeOnline -ExchangeEnvironmentName O365China",
];

fn reaches_mailboxes(role: &AppRole) -> bool {
    let permission = role.app_role_id.to_ascii_lowercase();
    role.resource.to_ascii_lowercase().contains("exchange online")
        || ON_MAILBOXES.contains(&permission.as_str())
}

/// The step, where the identity has a permission on mailboxes.
pub(crate) fn step(b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Option<StepId> {
    b.facts.directory.app_roles.iter().find(|role| reaches_mailboxes(role))?;
    let connect = CONNECT[number_by_graph(&b.facts.graph)];
    let old = b.old().clone();
    let look = format!(
        "in Exchange Online PowerShell, see what it is limited to and what it may do by roles of Exchange itself:\n  \
         {connect}\n  Get-ServicePrincipal -Identity {0}\n  Get-ManagementRoleAssignment -RoleAssignee {0}\n  \
         Get-ApplicationAccessPolicy | Where-Object AppId -eq {1}\n",
        old.principal_id, old.client_id
    );
    let [client, principal] = [Identifier::ClientId, Identifier::PrincipalId].map(|of| made.new.name(of));
    let give = vec![
        Template::known(format!(
            "{look}Give the new one the same, where there is any. Without the policies that limit the old one, it reaches every \
             mailbox:\n  New-ApplicationAccessPolicy -AppId "
        )),
        client.clone(),
        Template::known(
            " -PolicyScopeGroupId GROUP -AccessRight RestrictAccess\n  New-ServicePrincipal -AppId ",
        ),
        client.clone(),
        Template::known(" -ObjectId "),
        principal.clone(),
        Template::known("\n  New-ManagementRoleAssignment -App "),
        principal.clone(),
        Template::known(" -Role ROLE -CustomResourceScope SCOPE"),
    ];
    let undo = vec![
        Template::known(format!(
            "in Exchange Online PowerShell, take the new one away again:\n  {connect}\n  Get-ManagementRoleAssignment -RoleAssignee "
        )),
        principal.clone(),
        Template::known(
            " | Remove-ManagementRoleAssignment\n  Get-ApplicationAccessPolicy | Where-Object AppId -eq ",
        ),
        client,
        Template::known(" | Remove-ApplicationAccessPolicy\n  Remove-ServicePrincipal -Identity "),
        principal,
    ];
    let node = Node::ByHand { instruction: Template::Text(give), undo: Template::Text(undo) };
    let text = StepText::new("Exchange Online: mailboxes and roles of its own, as old has them", "by hand");
    Some(b.push(Part::Grant, text, std::slice::from_ref(&made.known), node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::known_clouds::CLOUDS;
    use crate::relocate::plan::plan;
    use crate::relocate::testing::{facts, params};
    use serde_json::json;

    /// What people are told of mailboxes, where the identity has a permission of this service.
    fn told(graph: &str, resource: &str, permission: &str) -> Option<String> {
        let mut facts = facts();
        facts.graph = graph.to_owned();
        facts.directory.app_roles = vec![AppRole {
            resource_id: "r".into(),
            app_role_id: permission.into(),
            resource: resource.to_owned(),
        }];
        let made = json!({"client_id": "new-cid", "principal_id": "new-oid"});
        plan(&params(), &facts).unwrap().steps.into_iter().find_map(|step| match &step.node {
            Node::ByHand { instruction, .. } if step.title.starts_with("Exchange Online") => {
                Some(instruction.resolve(&|_| Some(&made)).unwrap().as_str()?.to_owned())
            }
            _ => None,
        })
    }

    #[test]
    fn a_permission_on_mailboxes_has_a_step_with_its_commands_and_another_one_has_none() {
        let graph = CLOUDS[0].graph;
        let text = told(graph, "Office 365 Exchange Online", "a").expect("a step");
        for part in [
            "\n  Connect-ExchangeOnline\n",
            "Get-ServicePrincipal -Identity",
            "New-ApplicationAccessPolicy -AppId new-cid -PolicyScopeGroupId GROUP",
            "New-ServicePrincipal -AppId new-cid -ObjectId new-oid",
            "-App new-oid -Role ROLE",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(told(graph, "Microsoft Graph", &ON_MAILBOXES[4].to_uppercase()), Some(text));
        for other in ["Contoso Ledger API", "Microsoft Graph"] {
            assert_eq!(told(graph, other, "df021288-bdef-4463-88db-98f22de89214"), None);
        }
        let china = told(CLOUDS[2].graph, "Office 365 Exchange Online", "a").expect("a step");
        assert!(china.contains("-ExchangeEnvironmentName O365China\n"), "{china}");
    }
}
