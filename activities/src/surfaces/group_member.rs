//! Activities: membership of groups (msgraph, v1.0). Who is in a group is in a token from its first moment.

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, Link, Unlink, id_of, list, reference, same};
use crate::activity::list_cache::List;
use crate::azure::{PrincipalId, Reader};
use crate::references::members;
use crate::relocate::facts::{Facts, Group};
use crate::relocate::names;
use crate::relocate::params::Params;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::relocate::survey::gaps::gap;
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, by_hand, moved, named};
use crate::surfaces::surface::{Answers, Heard, Leaves, Surface};
use rehome_orchestrator::{Fault, Node, PlanValue, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A direct member of a group.
pub(crate) struct MemberLink;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberInput {
    group_id: PrincipalId,
    principal_id: PlanValue<PrincipalId>,
}

impl Link for MemberLink {
    const ADD: &'static str = "group_member.add/1";
    const REMOVE: &'static str = "group_member.remove/1";
    type Input = MemberInput;

    fn fact(input: &MemberInput) -> String {
        format!("groups/{}/members/{}", input.group_id, input.principal_id)
    }

    async fn find(clients: &Clients, input: &MemberInput) -> Result<Option<String>, Fault> {
        let path = format!("servicePrincipals/{}/memberOf?$select=id", input.principal_id);
        let groups = list(clients, &path).await?;
        Ok(groups.iter().find(|g| same(g, "id", &input.group_id)).and_then(id_of))
    }

    async fn glance(clients: &Clients, input: &MemberInput) -> Result<Option<String>, Fault> {
        let list = List::Graph(format!("servicePrincipals/{}/memberOf?$select=id", input.principal_id));
        let group = |group: &Value| same(group, "id", &input.group_id);
        match clients.shelf.find(&clients.reader, &list, group).await {
            Some(group) => Ok(id_of(&group)),
            None => Self::find(clients, input).await,
        }
    }

    fn add(clients: &Clients, input: &MemberInput) -> (String, Value) {
        (format!("groups/{}/members/$ref", input.group_id), reference(clients, &input.principal_id))
    }

    fn remove(input: &MemberInput, _: &str) -> String {
        format!("groups/{}/members/{}/$ref", input.group_id, input.principal_id)
    }

    fn import(input: &MemberInput, _: Option<&str>) -> Option<(&'static str, String)> {
        Some(("azuread_group_member", format!("{}/member/{}", input.group_id, input.principal_id)))
    }
}

fn link(group: &Group, principal: PlanValue<PrincipalId>) -> MemberInput {
    MemberInput { group_id: group.id.clone(), principal_id: principal }
}

/// Groups that somebody can be put into and taken from.
fn open(facts: &Facts) -> impl Iterator<Item = &Group> {
    facts.directory.groups.iter().filter(|group| group.can_be_joined())
}

/// The surface.
pub(crate) struct GroupMember;

impl Surface for GroupMember {
    fn rows(&self) -> Vec<Row> {
        vec![
            moved("membership of groups, role-assignable ones too", MemberLink::ADD),
            by_hand(
                "dynamic groups, and groups kept on-premises",
                "W341, and a step before the hosts; what they give is missed by the comparison",
            ),
            named("membership of administrative units", "C8"),
        ]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Add<MemberLink>>(), Kind::of::<Unlink<MemberLink>>()]
    }

    fn asks_graph(&self, principal: &str) -> Vec<String> {
        vec![format!("servicePrincipals/{principal}/memberOf")]
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        let found = answers.items(out);
        let groups = found.iter().filter(|one| kind(one) == "group");
        out.groups.extend(groups.filter_map(|one| members::id(one, "/id")));
        out.directory.by_hand.extend(found.iter().filter_map(not_copied));
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for group in &facts.directory.groups {
            let joined = if group.can_be_joined() { "" } else { ", which cannot be joined" };
            put(format!("member of group {}", group.id), format!("{}{joined}", group.name));
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        out.extend(b.facts.directory.groups.iter().map(|group| names::member("group", &group.id)));
    }

    fn preflight(&self, _: &Params, facts: &Facts, out: &mut Preflight) {
        for group in facts.directory.groups.iter().filter(|group| !group.can_be_joined()) {
            let why = if group.dynamic { "its members come from a rule" } else { "it is kept on-premises" };
            let text = format!("group {} cannot be joined: {why}", group.name);
            let remedy = "the plan has a step for it, and its roles are missed before any host is switched";
            out.warnings.push(notice(NoticeCode::W341, &group.id, text, remedy));
        }
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        for group in open(facts) {
            let scope = format!("group {}", group.name);
            if group.role_assignable {
                wanted.graph(&graph::ROLES, scope.clone());
            }
            wanted.graph(&graph::MEMBERSHIP, scope);
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let add = |group: &Group| Node::doing::<Add<MemberLink>>(&link(group, made.principal()));
        let step = |group: &Group| (format!("member of group {}", group.name), "remove", add(group));
        b.each(Part::Grant, open(b.facts).map(step), &made.known)
    }

    fn leaves(&self) -> Leaves {
        Leaves::Claims
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let old = b.old_principal();
        let remove = |group: &Group| Node::doing::<Unlink<MemberLink>>(&link(group, old.clone()));
        let step = |group: &Group| {
            (format!("old principal from group {}", group.name), "add it back", remove(group))
        };
        b.each(Part::CleanUp, open(b.facts).map(step), after)
    }
}

fn kind(object: &Value) -> &str {
    object["@odata.type"].as_str().unwrap_or_default().trim_start_matches("#microsoft.graph.")
}

/// What it is a member of and nobody can copy for it.
pub(crate) fn not_copied(object: &Value) -> Option<String> {
    let name = members::text(object, "/displayName").or_else(|| members::text(object, "/id"))?;
    match kind(object) {
        "administrativeUnit" => Some(format!("member of administrative unit {name}")),
        "group" | "directoryRole" => None,
        other => Some(format!("member of {other} {name}")),
    }
}

/// What the groups are that these identities are in, each asked for once.
pub(crate) async fn details(reader: &Reader, all: &mut [Heard]) {
    let select = "$select=id,displayName,groupTypes,onPremisesSyncEnabled,isAssignableToRole";
    let ids: BTreeSet<&PrincipalId> = all.iter().flat_map(|heard| &heard.groups).collect();
    let paths: Vec<String> = ids.iter().map(|id| format!("groups/{id}?{select}")).collect();
    let details = reader.graph_batch(&paths).await;
    let known: BTreeMap<PrincipalId, Result<Value, Fault>> = ids.into_iter().cloned().zip(details).collect();
    for heard in all {
        let mut groups = Vec::with_capacity(heard.groups.len());
        for id in &heard.groups {
            let found = known.get(id).and_then(|found| {
                found
                    .as_ref()
                    .map_err(|why| heard.gaps.push(gap(&format!("Entra ID: groups/{id}"), why)))
                    .ok()
            });
            groups.push(group(id, found.unwrap_or(&Value::Null)));
        }
        groups.sort();
        heard.directory.groups = groups;
    }
}

fn group(id: &PrincipalId, details: &Value) -> Group {
    let types = details["groupTypes"].as_array().into_iter().flatten();
    Group {
        id: id.clone(),
        name: members::text(details, "/displayName").unwrap_or_else(|| id.to_string()),
        dynamic: types.filter_map(Value::as_str).any(|t| t.eq_ignore_ascii_case("DynamicMembership")),
        synced: details["onPremisesSyncEnabled"] == true,
        role_assignable: details["isAssignableToRole"] == true,
    }
}
