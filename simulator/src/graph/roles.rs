//! Graph: the roles of the directory themselves. Some of the best known: who asks for another one is told that it is not
//! here.
//!
//! Source: <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>

use super::{Question, kind, list, options};
use crate::http::{Reply, not_here};
use crate::world::{Link, World};
use serde_json::{Value, json};

const ROLES: [(&str, &str); 12] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator"),
    ("cf1c38e5-3621-4004-a7cb-879624dced7c", "Application Developer"),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"),
    ("9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers"),
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
];

fn shown((id, name): &(&str, &str)) -> Value {
    json!({"id": id, "templateId": id, "displayName": name, "isBuiltIn": true, "isEnabled": true,
        "resourceScopes": ["/"]})
}

/// Definitions, all or one.
pub(super) fn definitions(question: &Question<'_>, origin: &str) -> Result<Reply, Reply> {
    if let [_, _, _, id] = question.parts[..] {
        let found = ROLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
        let found = found.ok_or_else(|| not_here("this role of the directory"))?;
        return Ok(Reply::json(200, shown(found)));
    }
    let filter = options::filter(question.filter)?;
    let all = ROLES.iter().map(shown).filter(|role| filter.as_ref().is_none_or(|f| f.fits(role)));
    Ok(list(origin, "roleManagement/directory/roleDefinitions", all.collect()))
}

/// Roles that somebody has.
pub(super) fn activated(world: &World) -> Vec<Value> {
    let held = |id: &str| {
        world
            .directory_with(&Link::text("roleDefinitionId", id))
            .into_iter()
            .any(|o| kind(o) == "unifiedRoleAssignment")
    };
    let role = |(id, name): &(&str, &str)| json!({"id": id, "roleTemplateId": id, "displayName": name, "description": name});
    ROLES.iter().filter(|(id, _)| held(id)).map(role).collect()
}
