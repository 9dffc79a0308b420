//! Activities: ownership of groups, applications, blueprints of agent identities and service principals (msgraph, v1.0).

use crate::activity::Clients;
use crate::activity::kit::Kind;
use crate::activity::link::{Add, BLUEPRINT, Link, Unlink, application, id_of, list, reference, same};
use crate::azure::{DirectoryId, PrincipalId};
use crate::references::members;
use crate::relocate::facts::{Facts, Owned};
use crate::relocate::names;
use crate::relocate::plan::builder::{Builder, Part, ReadyPrincipal};
use crate::relocate::survey::graph_rights as graph;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::row::{Row, moved};
use crate::surfaces::surface::{Answers, Heard, Leaves, Surface};
use rehome_orchestrator::{Fault, Node, PlanValue, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An owner of a group, an application or a service principal.
pub(crate) struct OwnerLink;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerInput {
    collection: String,
    object_id: DirectoryId,
    principal_id: PlanValue<PrincipalId>,
}

impl OwnerInput {
    /// The path of what is owned.
    fn object(&self) -> String {
        match self.collection.as_str() {
            BLUEPRINT => application(&self.object_id, true),
            plain => format!("{plain}/{}", self.object_id),
        }
    }
}

impl Link for OwnerLink {
    const ADD: &'static str = "owner.add/1";
    const REMOVE: &'static str = "owner.remove/1";
    type Input = OwnerInput;

    fn fact(input: &OwnerInput) -> String {
        format!("{}/owners/{}", input.object(), input.principal_id)
    }

    async fn find(clients: &Clients, input: &OwnerInput) -> Result<Option<String>, Fault> {
        let owners = list(clients, &format!("{}/owners?$select=id", input.object())).await?;
        Ok(owners.iter().find(|o| same(o, "id", &input.principal_id)).and_then(id_of))
    }

    fn add(clients: &Clients, input: &OwnerInput) -> (String, Value) {
        (format!("{}/owners/$ref", input.object()), reference(clients, &input.principal_id))
    }

    fn remove(input: &OwnerInput, _: &str) -> String {
        format!("{}/owners/{}/$ref", input.object(), input.principal_id)
    }
}

fn link(owned: &Owned, principal: PlanValue<PrincipalId>) -> OwnerInput {
    let Owned { collection, id, .. } = owned.clone();
    OwnerInput { collection, object_id: id, principal_id: principal }
}

/// The surface.
pub(crate) struct Ownership;

impl Surface for Ownership {
    fn rows(&self) -> Vec<Row> {
        vec![moved(
            "ownership of groups, applications, blueprints of agent identities and service principals",
            OwnerLink::ADD,
        )]
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<Unlink<OwnerLink>>(), Kind::of::<Add<OwnerLink>>()]
    }

    fn asks_graph(&self, principal: &str) -> Vec<String> {
        vec![format!("servicePrincipals/{principal}/ownedObjects")]
    }

    fn hear_graph(&self, answers: Answers<'_>, out: &mut Heard) {
        let found = answers.items(out);
        out.directory.owned = found.iter().filter_map(owned_object).collect();
    }

    fn compare(&self, facts: &Facts, put: &mut dyn FnMut(String, String)) {
        for owned in &facts.directory.owned {
            put(format!("owner of {} {}", owned.collection, owned.id), owned.name.clone());
        }
    }

    fn given(&self, b: &Builder<'_>, out: &mut BTreeSet<String>) {
        out.extend(b.facts.directory.owned.iter().map(|owned| names::ownership(&owned.id)));
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        for owned in &facts.directory.owned {
            match owned.collection.as_str() {
                BLUEPRINT => wanted.graph(&graph::BLUEPRINT, format!("owners of {}", owned.name)),
                "groups" => wanted.graph(&graph::GROUP, format!("owners of group {}", owned.name)),
                _ => wanted.graph(&graph::APPLICATION, format!("owners of {}", owned.name)),
            }
        }
    }

    fn grant(&self, b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
        let step = |owned: &Owned| {
            let node = Node::doing::<Add<OwnerLink>>(&link(owned, made.principal()));
            (format!("owner of {}", owned.name), "remove", node)
        };
        b.each(Part::Grant, b.facts.directory.owned.iter().map(step), &made.known)
    }

    fn leaves(&self) -> Leaves {
        Leaves::Roles
    }

    fn remove(&self, b: &mut Builder<'_>, _: &ReadyPrincipal<'_>, after: &StepId) -> Vec<StepId> {
        let old = b.old_principal();
        let step = |owned: &Owned| {
            let node = Node::doing::<Unlink<OwnerLink>>(&link(owned, old.clone()));
            (format!("old principal from the owners of {}", owned.name), "add it back", node)
        };
        b.each(Part::CleanUp, b.facts.directory.owned.iter().map(step), after)
    }
}

pub(crate) fn owned_object(object: &Value) -> Option<Owned> {
    let collection = BTreeMap::from([
        ("group", "groups"),
        ("application", "applications"),
        ("agentIdentityBlueprint", BLUEPRINT),
        ("servicePrincipal", "servicePrincipals"),
    ]);
    let id: DirectoryId = members::id(object, "/id")?;
    Some(Owned {
        collection: (*collection
            .get(object["@odata.type"].as_str()?.trim_start_matches("#microsoft.graph."))?)
        .to_owned(),
        name: members::text(object, "/displayName").unwrap_or_else(|| id.to_string()),
        id,
    })
}
