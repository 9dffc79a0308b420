//! CLI: an identity that is looked for, and what takes its place. Data.

use rehome_activities::azure::{ClientId, PrincipalId, ResourceId};
use rehome_activities::code::{Owned, owned, scanned, title};
use rehome_activities::references::scan::{Identifier, Identifiers};
use rehome_activities::relocate::Facts;
use rehome_orchestrator::{RunId, Step, StepId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An identity that is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The move, where there is one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<RunId>,
    /// The three ids that are looked for.
    pub(crate) old: Identifiers,
    /// What takes their place, as far as it is known.
    pub(crate) new: Successor,
    /// The steps of its plan for code that was scanned before, by repository and owner.
    #[serde(skip)]
    pub(crate) steps: BTreeMap<(String, Option<String>), StepId>,
}

/// The steps of a plan for code that was scanned.
pub(crate) fn code_steps<'a>(
    facts: &Facts,
    steps: impl Iterator<Item = &'a Step> + Clone,
) -> BTreeMap<(String, Option<String>), StepId> {
    let of = |part: Owned| {
        let wanted = title(&part);
        let step = steps.clone().find(|step| step.title == wanted)?;
        Some(((part.repository, part.owner), step.id.clone()))
    };
    owned(&scanned(facts)).into_iter().filter_map(of).collect()
}

/// What takes the place of an identity's ids, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Successor {
    pub(crate) resource_id: ResourceId,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) principal_id: Option<PrincipalId>,
}

impl Successor {
    /// One that is not made yet.
    pub(crate) fn planned(resource_id: ResourceId) -> Self {
        Self { resource_id, client_id: None, principal_id: None }
    }

    /// One that is there.
    pub(crate) fn made(new: Identifiers) -> Self {
        let Identifiers { resource_id, client_id, principal_id } = new;
        Self { resource_id, client_id: Some(client_id), principal_id: Some(principal_id) }
    }

    /// Whether the new identity is there, so that the old ids are out of date.
    pub(crate) fn is_made(&self) -> bool {
        self.client_id.is_some()
    }
}

impl Asked {
    /// The step that a place is a part of: `m-7f3k12:17`.
    pub(crate) fn step(&self, repository: &str, owner: Option<&str>) -> Option<String> {
        let step = self.steps.get(&(repository.to_owned(), owner.map(ToOwned::to_owned)))?;
        Some(format!("{}:{step}", self.run.as_ref()?))
    }

    /// The old and the new id of a kind; nothing where the new one is not known yet.
    pub(crate) fn pair(&self, of: Identifier) -> Option<(&str, &str)> {
        Some(match of {
            Identifier::ResourceId => (self.old.resource_id.as_str(), self.new.resource_id.as_str()),
            Identifier::ClientId => (self.old.client_id.as_str(), self.new.client_id.as_deref()?),
            Identifier::PrincipalId => (self.old.principal_id.as_str(), self.new.principal_id.as_deref()?),
            Identifier::Name | Identifier::Group => return None,
        })
    }
}
