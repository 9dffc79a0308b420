//! Activities: whether the caller may change in Entra ID what has to be changed there, on the way forward and in the
//! clean-up, which take the same rights.
//!
//! A permission of the application, or a directory role, is proof. Without one the caller may still own the object,
//! or have a role of the tenant's own: that cannot be read, so it is never taken for a refusal.

use crate::azure::{DirectoryId, PrincipalId, Reader, items};
use crate::references::members;
use crate::relocate::facts::*;
use crate::relocate::survey::gaps::gap;
use crate::surfaces::deny_assignment::denied::Caller;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the caller has in Entra ID, as far as Graph says: ids in lower case.
#[derive(Default)]
pub(crate) struct Held {
    permissions: BTreeSet<DirectoryId>,
    roles: BTreeSet<DirectoryId>,
    /// What the caller is a member of, in groups in groups too; `None` where Graph does not say.
    member_of: Option<BTreeSet<PrincipalId>>,
}

/// Permissions of applications in Microsoft Graph.
/// Source: <https://learn.microsoft.com/graph/permissions-reference>
mod permission {
    pub(crate) const GROUP_MEMBER: &str = "dbaae8cf-10b5-4b86-a4a1-f871c94c6695";
    pub(crate) const GROUP: &str = "62a82d76-70ea-41e2-9197-370581804d09";
    pub(crate) const DIRECTORY: &str = "19dbc75e-c2e2-444c-a770-ec69d8559fc7";
    pub(crate) const APPLICATION: &str = "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9";
    pub(crate) const APP_ROLE: &str = "06b708a9-e830-4db3-a914-8e69da51d44f";
    pub(crate) const ROLES: &str = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8";
    pub(crate) const DELEGATED: &str = "8e8e4742-1d95-4f68-9d56-6ee75648c72a";
    pub(crate) const ROLE_SCHEDULES: &str = "dd199f4a-f148-40a4-a2ec-f0069cc799ec";
    pub(crate) const GROUP_SCHEDULES: &str = "41202f2c-f7ab-45be-b001-85c9728b9d69";
    pub(crate) const ATTRIBUTES: &str = "de89b5e4-5b8f-48eb-8925-29c2b33bd8bd";
}

/// Directory roles, which have the same ids in every tenant.
/// Source: <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>
mod role {
    pub(crate) const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";
    pub(crate) const PRIVILEGED: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
    pub(crate) const GROUPS: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
    pub(crate) const APPLICATION: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
    pub(crate) const CLOUD_APPLICATION: &str = "158c047a-c907-4556-b7ef-446551a6b5f7";
    pub(crate) const AGENTS: &str = "db506228-d27e-4b7d-95e5-295956d6615f";
    pub(crate) const ATTRIBUTES: &str = "58a13ea3-c632-46ae-9ee0-9c0d43cd7f3d";
}

/// A right in Entra ID: its name, the permissions that give it (all of one set), and the roles that do.
pub(crate) struct GraphRight {
    name: &'static str,
    permissions: &'static [&'static [&'static str]],
    roles: &'static [&'static str],
}

/// A service principal as a member takes the right to read and write applications too.
/// Source: <https://learn.microsoft.com/graph/api/group-post-members>
pub(crate) const MEMBERSHIP: GraphRight = GraphRight {
    name: "GroupMember.ReadWrite.All",
    permissions: &[
        &[permission::GROUP_MEMBER, permission::APPLICATION],
        &[permission::GROUP, permission::APPLICATION],
        &[permission::DIRECTORY],
    ],
    roles: &[role::GLOBAL, role::GROUPS],
};

/// What may hold directory roles, and directory roles themselves.
pub(crate) const ROLES: GraphRight = GraphRight {
    name: "RoleManagement.ReadWrite.Directory",
    permissions: &[&[permission::ROLES]],
    roles: &[role::GLOBAL, role::PRIVILEGED],
};

pub(crate) const APP_ROLE: GraphRight = GraphRight {
    name: "AppRoleAssignment.ReadWrite.All",
    permissions: &[&[permission::APP_ROLE]],
    roles: &[role::GLOBAL, role::PRIVILEGED],
};

pub(crate) const APPLICATION: GraphRight = GraphRight {
    name: "Application.ReadWrite.All",
    permissions: &[&[permission::APPLICATION]],
    roles: &[role::GLOBAL, role::APPLICATION, role::CLOUD_APPLICATION],
};

/// Source: <https://learn.microsoft.com/graph/api/federatedidentitycredential-post>
pub(crate) const BLUEPRINT: GraphRight = GraphRight {
    name: "AgentIdentityBlueprint.AddRemoveCreds.All",
    permissions: &[],
    roles: &[role::GLOBAL, role::AGENTS],
};

pub(crate) const GROUP: GraphRight = GraphRight {
    name: "Group.ReadWrite.All",
    permissions: &[&[permission::GROUP], &[permission::DIRECTORY]],
    roles: &[role::GLOBAL, role::GROUPS],
};

/// Source: <https://learn.microsoft.com/graph/api/oauth2permissiongrant-post>
pub(crate) const DELEGATED: GraphRight = GraphRight {
    name: "DelegatedPermissionGrant.ReadWrite.All",
    permissions: &[&[permission::DELEGATED], &[permission::DIRECTORY]],
    roles: &[role::GLOBAL, role::PRIVILEGED],
};

/// Source: <https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignmentschedulerequests>
pub(crate) const ROLE_SCHEDULES: GraphRight = GraphRight {
    name: "RoleAssignmentSchedule.ReadWrite.Directory",
    permissions: &[&[permission::ROLE_SCHEDULES], &[permission::ROLES]],
    roles: &[role::GLOBAL, role::PRIVILEGED],
};

/// Source: <https://learn.microsoft.com/graph/api/privilegedaccessgroup-post-assignmentschedulerequests>
pub(crate) const GROUP_SCHEDULES: GraphRight = GraphRight {
    name: "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    permissions: &[&[permission::GROUP_SCHEDULES]],
    roles: &[role::GLOBAL],
};

/// Attributes are assigned by those alone who were made to: not even by a global administrator.
pub(crate) const ATTRIBUTES: GraphRight = GraphRight {
    name: "CustomSecAttributeAssignment.ReadWrite.All",
    permissions: &[&[permission::ATTRIBUTES]],
    roles: &[role::ATTRIBUTES],
};

/// Asks what the caller has, in one request; nothing where Graph does not say, with the reason.
pub(crate) async fn held(reader: &Reader) -> (Held, Option<Gap>) {
    let caller = reader.caller();
    // Whoever is signed in is an application or a person.
    let asked = [
        format!("servicePrincipals/{caller}/appRoleAssignments"),
        format!("servicePrincipals/{caller}/transitiveMemberOf"),
        format!("users/{caller}/transitiveMemberOf"),
    ];
    let (mut held, mut unread) = (Held::default(), Vec::new());
    for (found, path) in reader.graph_batch(&asked).await.into_iter().zip(&asked) {
        match found.and_then(|found| items(&found, path)) {
            Ok(found) => {
                if path.ends_with("transitiveMemberOf") {
                    let ids = found.iter().filter_map(|one| members::id(one, "/id"));
                    held.member_of.get_or_insert_default().extend(ids);
                }
                held.add(&found);
            }
            Err(why) => unread.push((path, why)),
        }
    }
    // The caller is one of both: what says nothing of the other one is no gap.
    let is_known = |kind: &str| !unread.iter().any(|(path, _)| path.starts_with(kind));
    let missed = unread.first().filter(|_| !is_known("servicePrincipals/") && !is_known("users/"));
    (held, missed.map(|(path, why)| gap(&format!("Entra ID: {path}"), why)))
}

impl Held {
    fn add(&mut self, found: &[Value]) {
        let all = || found.iter();
        self.permissions.extend(all().filter_map(|one| members::id(one, "/appRoleId")));
        self.roles.extend(all().filter_map(|one| members::id(one, "/roleTemplateId")));
    }

    /// Who is signed in, as deny assignments name them.
    pub(crate) fn caller(&self, id: &str) -> Caller<'_> {
        Caller { id: id.into(), groups: self.member_of.as_ref() }
    }

    fn have(&self, wanted: &GraphRight) -> bool {
        let given = |set: &&&[&str]| set.iter().all(|one| self.permissions.contains(&(*one).into()));
        wanted.permissions.iter().any(|set| given(&set))
            || wanted.roles.iter().any(|r| self.roles.contains(&(*r).into()))
    }
}

/// What has to be changed in Entra ID, and whether the caller may.
pub(crate) fn rights(held: &Held, wanted: &[(&GraphRight, String)]) -> BTreeSet<Right> {
    let right = |(wanted, scope): &(&GraphRight, String)| Right {
        action: wanted.name.to_owned(),
        scope: scope.clone(),
        held: held.have(wanted).then_some(true),
        later: false,
    };
    wanted.iter().map(right).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_right_is_proved_by_all_permissions_of_a_set_or_by_one_role() {
        let with = |found: Value| {
            let mut held = Held::default();
            held.add(found["value"].as_array().unwrap());
            held
        };
        let permissions = |ids: &[&str]| {
            with(
                json!({"value": ids.iter().map(|id| json!({"appRoleId": id.to_uppercase()})).collect::<Vec<_>>()}),
            )
        };
        assert!(!permissions(&[permission::GROUP_MEMBER]).have(&MEMBERSHIP));
        assert!(permissions(&[permission::GROUP_MEMBER, permission::APPLICATION]).have(&MEMBERSHIP));
        assert!(permissions(&[permission::DIRECTORY]).have(&MEMBERSHIP));
        assert!(!permissions(&[permission::DIRECTORY]).have(&ROLES));
        let role = |id: &str| {
            with(
                json!({"value": [{"@odata.type": "#microsoft.graph.group", "id": "g"}, {"roleTemplateId": id}]}),
            )
        };
        assert!(role(role::GLOBAL).have(&APP_ROLE) && role(role::PRIVILEGED).have(&ROLES));
        assert!(!role(role::GROUPS).have(&APPLICATION) && role(role::CLOUD_APPLICATION).have(&APPLICATION));
        assert!(!Held::default().have(&GROUP));
        assert!(!role(role::GLOBAL).have(&ATTRIBUTES) && role(role::ATTRIBUTES).have(&ATTRIBUTES));
    }
}
