//! Activities: the resource group that the new identity goes into, where it is not there. Pure.

use crate::activity::kit::Kind;
use crate::relocate::facts::Facts;
use crate::relocate::plan::builder::{Builder, Part};
use crate::relocate::plan::words::StepText;
use crate::relocate::survey::wanted::Rights;
use crate::surfaces::resource_group::activity::{EnsureGroup, GroupInput};
use crate::surfaces::row::Row;
use crate::surfaces::surface::Surface;
use rehome_orchestrator::{Node, StepId};

/// The surface.
pub(crate) struct ResourceGroup;

impl Surface for ResourceGroup {
    fn rows(&self) -> Vec<Row> {
        Vec::new()
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind::of::<EnsureGroup>()]
    }

    fn rights(&self, facts: &Facts, wanted: &mut Rights<'_>) {
        if facts.target.group_location.is_none() && wanted.params.options.create_resource_group {
            let home = wanted.home.clone();
            wanted.forward("Microsoft.Resources/subscriptions/resourceGroups/write", &home);
            wanted.forward("Microsoft.ManagedIdentity/userAssignedIdentities/write", &home);
            wanted.forward("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", &home);
        }
    }
}

/// Makes the group where it is missing and may be made.
pub(crate) fn ensure(b: &mut Builder<'_>, needs: &[StepId]) -> Option<StepId> {
    let (params, facts) = (b.params, b.facts);
    if facts.target.group_location.is_some() || !params.options.create_resource_group {
        return None;
    }
    let title = format!("resource group {}", params.target.resource_group);
    let id = params.target.group_id();
    let input = |locks| GroupInput {
        id: id.clone(),
        location: params.target.location.clone(),
        tags: params.options.add_tags.clone(),
        identity: Some(facts.target.id.clone()),
        locks,
    };
    let text = StepText::new(title, "delete it, once it is empty");
    Some(b.make(Part::Create, text, needs, &id, |locks| Node::doing::<EnsureGroup>(&input(locks))))
}
