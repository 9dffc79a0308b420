//! Activities: reads what an identity has in Entra ID, many questions in one request.

use crate::azure::{Reader, items};
use crate::references::scan::Identifiers;
use crate::relocate::facts::*;
use crate::relocate::survey::{Common, gap, parse};
use crate::surfaces::deny_assignment::survey as denials;
use crate::surfaces::pim::survey as pim;
use rehome_orchestrator::has_secret;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Applications whose credentials are read; in a larger tenant the rest is a gap.
const APPLICATIONS_MAX: usize = 2_000;

/// Applications with the credentials that they trust, read once for all identities.
pub(crate) async fn applications(reader: &Reader) -> (Vec<Value>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let mut applications = match reader.graph_list("applications?$select=id,displayName,appId").await {
        Ok(found) => found,
        Err(why) => {
            gaps.push(gap("Entra ID: applications", &why));
            return (Vec::new(), gaps);
        }
    };
    if applications.len() > APPLICATIONS_MAX {
        let why =
            format!("only the first {APPLICATIONS_MAX} of {} applications were read", applications.len());
        gaps.push(Gap { code: GapCode::Unreadable, scope: "Entra ID: applications".to_owned(), why });
        applications.truncate(APPLICATIONS_MAX);
    }
    let mut applications = with_ids(applications);
    let paths: Vec<String> = applications
        .iter()
        .map(|(id, _)| format!("applications/{id}/federatedIdentityCredentials"))
        .collect();
    let answers = reader.graph_batch(&paths).await.into_iter().zip(&paths);
    for ((id, application), (answer, path)) in applications.iter_mut().zip(answers) {
        match answer.and_then(|found| items(&found, path)) {
            Ok(list) => application["credentials"] = Value::Array(list),
            Err(why) => {
                gaps.push(gap(&format!("Entra ID: applications/{id}/federatedIdentityCredentials"), &why))
            }
        }
    }
    (applications.into_iter().map(|(_, application)| application).collect(), gaps)
}

/// Those that have an id, with it: only objects have one, and only they can be asked after.
pub(crate) fn with_ids(objects: Vec<Value>) -> Vec<(String, Value)> {
    objects.into_iter().filter_map(|object| Some((parse::text(&object, "/id")?, object))).collect()
}

/// What one identity has.
pub(crate) async fn read(
    reader: &Reader,
    common: &Common,
    denials: &[Value],
    who: &Identifiers,
) -> (Directory, Vec<Named>, Vec<Gap>) {
    let oid = &who.principal_id;
    let mut asked = vec![
        format!("servicePrincipals/{oid}/memberOf"),
        format!("servicePrincipals/{oid}/appRoleAssignments"),
        format!("servicePrincipals/{oid}/ownedObjects"),
        format!("roleManagement/directory/roleAssignments?$filter=principalId eq '{oid}'"),
        // What follows takes more rights than the rest.
        format!("servicePrincipals/{oid}/oauth2PermissionGrants"),
        format!("servicePrincipals/{oid}?$select=id,customSecurityAttributes"),
        // As a list: who may not read the attributes above may read these.
        format!("servicePrincipals?$filter=id eq '{oid}'&$select=id,accountEnabled,tags,notes"),
    ];
    asked.extend(pim::paths(oid));
    let mut all = reader.graph_batch(&asked).await;
    let (pims, mut gaps) = pim::read(oid, all.split_off(7));
    let (eligible, scheduled): (Vec<Pim>, Vec<Pim>) = pims.into_iter().partition(|pim| pim.eligible);
    let mut named: Vec<Named> = eligible.into_iter().map(Named::Pim).collect();
    let rare = all.split_off(4);
    let mut answers = Vec::with_capacity(all.len());
    for (path, answer) in asked.iter().zip(all) {
        // What cannot be read is a gap of its own: the identity is there all the same.
        answers.push(answer.and_then(|found| items(&found, path)).unwrap_or_else(|why| {
            gaps.push(gap(&format!("Entra ID: {path}"), &why));
            Vec::new()
        }));
    }
    let (mut delegated, mut attributes) = (Vec::new(), Vec::new());
    let mut settings = PrincipalSettings::default();
    for (path, answer) in asked.iter().skip(4).zip(rare) {
        match answer {
            Ok(found) => {
                // An object, or a list of which one member or every one counts.
                delegated.extend(delegated_grants(&found));
                attributes.extend(security_attributes(&found));
                settings = principal_settings(&found["value"][0]).unwrap_or(settings);
            }
            Err(why) => gaps.push(gap(&format!("Entra ID: {path}"), &why)),
        }
    }
    let [member_of, app_roles, owned, roles] = &answers[..] else {
        return (Directory::default(), named, gaps);
    };
    let mut directory = Directory {
        groups: groups(reader, member_of, &mut gaps).await,
        app_roles: app_roles.iter().filter_map(app_role).collect(),
        owned: owned.iter().filter_map(owned_object).collect(),
        roles: roles.iter().filter_map(directory_role).collect(),
        app_credentials: common.applications.iter().flat_map(|a| trusted_by(a, oid)).collect(),
        scheduled,
        delegated,
        attributes,
        settings,
        by_hand: member_of.iter().filter_map(not_copied).collect(),
    };
    if directory.settings.notes.as_deref().is_some_and(has_secret) {
        directory.settings.notes = None;
        directory
            .by_hand
            .push("notes of its service principal, in which something looks like a secret".to_owned());
    }
    // What it is in for a time decides for now whether it is denied something.
    let held: Vec<String> = directory.groups.iter().map(|group| group.id.clone()).collect();
    pim::leave_out(&mut directory);
    let (denied, unread) = denials::read(reader, denials, &held, &directory, who).await;
    named.extend(denied);
    gaps.extend(unread);
    (directory, named, gaps)
}

/// What a service principal may do on behalf of others, in an order of its own.
pub(crate) fn delegated_grants(found: &Value) -> Vec<DelegatedGrant> {
    let grants = found["value"].as_array().into_iter().flatten().filter_map(|grant| {
        Some(DelegatedGrant {
            resource_id: parse::text(grant, "/resourceId")?,
            consent_type: parse::text(grant, "/consentType")?,
            principal_id: parse::text(grant, "/principalId").filter(|id| !id.is_empty()),
            scope: parse::text(grant, "/scope")?,
        })
    });
    let mut grants: Vec<DelegatedGrant> = grants.collect();
    grants.sort();
    grants
}

/// What is set on a service principal, if this is one that says so.
pub(crate) fn principal_settings(found: &Value) -> Option<PrincipalSettings> {
    let mut tags: Vec<String> =
        found["tags"].as_array()?.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    tags.sort();
    let notes = parse::text(found, "/notes").filter(|notes| !notes.is_empty());
    Some(PrincipalSettings { disabled: found["accountEnabled"] == false, tags, notes })
}

/// The custom security attributes of a service principal, in the order of their names.
pub(crate) fn security_attributes(found: &Value) -> Vec<SecurityAttribute> {
    let sets = found["customSecurityAttributes"].as_object().into_iter().flatten();
    let mut all: Vec<SecurityAttribute> = sets
        .flat_map(|(set, members)| {
            let names = members.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            let names = names.map(|(name, _)| name).filter(|name| !name.contains('@'));
            names.map(move |name| SecurityAttribute { set: set.clone(), name: name.clone() })
        })
        .collect();
    all.sort();
    all
}

fn kind(object: &Value) -> &str {
    object["@odata.type"].as_str().unwrap_or_default().trim_start_matches("#microsoft.graph.")
}

async fn groups(reader: &Reader, member_of: &[Value], gaps: &mut Vec<Gap>) -> Vec<Group> {
    let ids: Vec<&str> =
        member_of.iter().filter(|o| kind(o) == "group").filter_map(|o| o["id"].as_str()).collect();
    let select = "$select=id,displayName,groupTypes,onPremisesSyncEnabled,isAssignableToRole";
    let paths: Vec<String> = ids.iter().map(|id| format!("groups/{id}?{select}")).collect();
    let details = reader.graph_batch(&paths).await;
    let mut groups: Vec<Group> = ids
        .iter()
        .zip(details)
        .map(|(id, details)| {
            let group = details.unwrap_or_else(|why| {
                gaps.push(gap(&format!("Entra ID: groups/{id}"), &why));
                json!({})
            });
            let types = group["groupTypes"].as_array().into_iter().flatten();
            Group {
                id: (*id).to_owned(),
                name: parse::text(&group, "/displayName").unwrap_or_else(|| (*id).to_owned()),
                dynamic: types.filter_map(Value::as_str).any(|t| t.eq_ignore_ascii_case("DynamicMembership")),
                synced: group["onPremisesSyncEnabled"] == true,
                role_assignable: group["isAssignableToRole"] == true,
            }
        })
        .collect();
    groups.sort();
    groups
}

pub(crate) fn app_role(role: &Value) -> Option<AppRole> {
    let resource_id = parse::text(role, "/resourceId")?;
    Some(AppRole {
        resource: parse::text(role, "/resourceDisplayName").unwrap_or_else(|| resource_id.clone()),
        app_role_id: parse::text(role, "/appRoleId")?,
        resource_id,
    })
}

pub(crate) fn owned_object(object: &Value) -> Option<Owned> {
    let collection = BTreeMap::from([
        ("group", "groups"),
        ("application", "applications"),
        ("servicePrincipal", "servicePrincipals"),
    ]);
    let id = parse::text(object, "/id")?;
    Some(Owned {
        collection: (*collection.get(kind(object))?).to_owned(),
        name: parse::text(object, "/displayName").unwrap_or_else(|| id.clone()),
        id,
    })
}

pub(crate) fn directory_role(role: &Value) -> Option<DirectoryRole> {
    Some(DirectoryRole {
        role_definition_id: parse::text(role, "/roleDefinitionId")?,
        scope: parse::text(role, "/directoryScopeId").unwrap_or_else(|| "/".to_owned()),
    })
}

pub(crate) fn trusted_by(application: &Value, principal: &str) -> Vec<AppCredential> {
    let credentials = application["credentials"].as_array().into_iter().flatten();
    let of_it = |c: &&Value| c["subject"].as_str().is_some_and(|s| s.eq_ignore_ascii_case(principal));
    let credential = |c: &Value| {
        let audiences = c["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let id = parse::text(application, "/id")?;
        Some(AppCredential {
            application_name: parse::text(application, "/displayName").unwrap_or_else(|| id.clone()),
            application: id,
            name: parse::text(c, "/name")?,
            issuer: parse::text(c, "/issuer")?,
            subject: parse::text(c, "/subject")?,
            audiences: audiences.map(ToOwned::to_owned).collect(),
            description: parse::text(c, "/description"),
        })
    };
    credentials.filter(of_it).filter_map(credential).collect()
}

/// What it is a member of and nobody can copy for it.
pub(crate) fn not_copied(object: &Value) -> Option<String> {
    let name = parse::text(object, "/displayName").or_else(|| parse::text(object, "/id"))?;
    match kind(object) {
        "administrativeUnit" => Some(format!("member of administrative unit {name}")),
        "group" | "directoryRole" => None,
        other => Some(format!("member of {other} {name}")),
    }
}
