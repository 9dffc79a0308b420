//! Activities: puts a plan together, step by step. Pure.

use crate::activity::kept_lock::KeptLock;
use crate::azure::{PrincipalId, ResourceId};
use crate::references::rewrite::Pair;
use crate::references::scan::{Identifier, Identifiers, scan};
use crate::references::text::{Piece, pieces, replace};
use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::relocate::plan::kept::{self, Kept};
use crate::relocate::plan::words::StepText;
use crate::surfaces::identity::create::IdentityCreated;
use rehome_orchestrator::{Node, Phase, PlanValue, Proof, Step, StepId, StepRef, Template};
use serde_json::Value;
use uuid::Uuid;

/// The parts of a plan, as people call them.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Create,
    Grant,
    RePoint,
    Check,
    Soak,
    CleanUp,
}

impl Part {
    fn phase(self) -> Phase {
        match self {
            Self::CleanUp => Phase::CleanUp,
            Self::Create | Self::Grant | Self::RePoint | Self::Check | Self::Soak => Phase::Forward,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Grant => "GRANT",
            Self::RePoint => "RE-POINT",
            Self::Check => "CHECK",
            Self::Soak => "SOAK",
            Self::CleanUp => "CLEAN-UP",
        }
    }
}

/// What is put where the old identity's names stood.
pub(crate) struct NewIdentity {
    /// The new resource id, known beforehand.
    pub(crate) id: ResourceId,
    /// The step that makes the new identity and gives its other names.
    pub(crate) made_by: StepRef<IdentityCreated>,
}

/// The new identity, and the step after which Entra ID knows its principal.
pub(crate) struct ReadyPrincipal<'a> {
    pub(crate) new: &'a NewIdentity,
    pub(crate) known: StepId,
}

impl ReadyPrincipal<'_> {
    /// Its principal id.
    pub(crate) fn principal(&self) -> PlanValue<PrincipalId> {
        IdentityCreated::principal_id(&self.new.made_by)
    }
}

/// A plan in the making.
pub(crate) struct Builder<'a> {
    pub(crate) params: &'a Params,
    pub(crate) facts: &'a Facts,
    /// Locks that the way back meets.
    pub(crate) kept: Vec<Kept<'a>>,
    steps: Vec<Step>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(params: &'a Params, facts: &'a Facts) -> Self {
        Self { params, facts, kept: Vec::new(), steps: Vec::new() }
    }

    /// Adds a step and gives it the next number.
    pub(crate) fn push(&mut self, part: Part, text: StepText, needs: &[StepId], node: Node) -> StepId {
        let id = StepId::new(format!("{:02}", self.steps.len() + 1));
        let mut needs = needs.to_vec();
        needs.sort();
        needs.dedup();
        self.steps.push(Step {
            id: id.clone(),
            group: part.name().to_owned(),
            title: text.title,
            undo: text.undo.into_owned(),
            phase: part.phase(),
            needs,
            node,
            proof: None,
        });
        id
    }

    /// Adds a step that makes something at or below this id on the way there: its way back meets the locks above it, which
    /// are given to it where they may be lifted.
    pub(crate) fn make(
        &mut self,
        part: Part,
        mut text: StepText,
        needs: &[StepId],
        at: &ResourceId,
        node: impl FnOnce(Vec<KeptLock>) -> Node,
    ) -> StepId {
        let mut needs = needs.to_vec();
        let lifted = kept::below(&self.kept, at, &mut text, &mut needs);
        self.push(part, text, &needs, node(lifted))
    }

    /// Adds a step of these words and these effects for each, all after one other step.
    pub(crate) fn each(
        &mut self,
        part: Part,
        steps: impl IntoIterator<Item = (String, &'static str, Node)>,
        after: &StepId,
    ) -> Vec<StepId> {
        let needs = std::slice::from_ref(after);
        let push = |(title, undo, node)| self.push(part, StepText::new(title, undo), needs, node);
        steps.into_iter().map(push).collect()
    }

    /// Says what is looked at once a person has said that the step is done.
    pub(crate) fn prove(&mut self, step: &StepId, proof: Proof) {
        if let Some(step) = self.steps.iter_mut().find(|s| s.id == *step) {
            step.proof = Some(proof);
        }
    }

    /// The steps, in no more memory than they take: a batch has the plans of a thousand moves.
    pub(crate) fn finish(mut self) -> Vec<Step> {
        for step in &mut self.steps {
            step.needs.shrink_to_fit();
            [&mut step.title, &mut step.undo, &mut step.group].into_iter().for_each(String::shrink_to_fit);
        }
        self.steps.shrink_to_fit();
        self.steps
    }

    /// The steps so far of which a check can be asked.
    pub(crate) fn acts(&self) -> Vec<StepId> {
        let acts = self.steps.iter().filter(|s| matches!(s.node, Node::Act { .. }));
        acts.map(|s| s.id.clone()).collect()
    }

    /// All steps so far.
    pub(crate) fn all(&self) -> Vec<StepId> {
        self.steps.iter().map(|s| s.id.clone()).collect()
    }

    pub(crate) fn old(&self) -> &'a Identifiers {
        &self.facts.identity.identifiers
    }

    /// The principal id of the old identity.
    pub(crate) fn old_principal(&self) -> PlanValue<PrincipalId> {
        (&self.old().principal_id).into()
    }

    /// The pairs `from`, `to` for these identifiers of the old identity.
    pub(crate) fn pairs(&self, new: &NewIdentity, wanted: &[Identifier]) -> Vec<Pair> {
        let all = [
            Identifier::ResourceId,
            Identifier::ClientId,
            Identifier::PrincipalId,
            Identifier::Name,
            Identifier::Group,
        ];
        let pair = |of| Pair { from: self.name_of(of).to_owned(), to: new.planned(of) };
        all.into_iter().filter(|of| wanted.contains(of)).map(pair).collect()
    }

    /// What the old identity is called in one of its names.
    pub(crate) fn name_of(&self, identifier: Identifier) -> &'a str {
        let old = self.old();
        match identifier {
            Identifier::Name => old.resource_id.name(),
            Identifier::Group => old.resource_id.resource_group().unwrap_or_default(),
            Identifier::ResourceId => &old.resource_id,
            Identifier::ClientId => &old.client_id,
            Identifier::PrincipalId => &old.principal_id,
        }
    }

    /// A text in which the new names stand for the old ones.
    pub(crate) fn renamed_text(&self, new: &NewIdentity, text: &str) -> PlanValue<String> {
        self.renamed_beside(new, text, &[])
    }

    /// An id with the new names in the place of the old.
    pub(crate) fn renamed_id(&self, new: &NewIdentity, id: &ResourceId) -> PlanValue<ResourceId> {
        match self.renamed_text(new, id) {
            PlanValue::Known(text) => ResourceId::from(text).into(),
            given => PlanValue::from_template(given.template()),
        }
    }

    /// The same, in which other names are exchanged as well.
    pub(crate) fn renamed_beside(
        &self,
        new: &NewIdentity,
        text: &str,
        others: &[(&str, PlanValue<String>)],
    ) -> PlanValue<String> {
        let text = replace(text, &[(self.old().resource_id.as_str(), new.id.as_str())])
            .unwrap_or_else(|| text.to_owned());
        let mut names = vec![self.old().client_id.as_str(), self.old().principal_id.as_str()];
        names.extend(others.iter().map(|(name, _)| *name));
        let mut parts: Vec<PlanValue<String>> = pieces(&text, &names)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.to_owned().into(),
                Piece::Mention(0) => new.planned(Identifier::ClientId),
                Piece::Mention(1) => new.planned(Identifier::PrincipalId),
                Piece::Mention(other) => others[other - 2].1.clone(),
            })
            .collect();
        match parts.len() {
            1 => parts.remove(0),
            _ => PlanValue::from_template(Template::Text(parts.iter().map(PlanValue::template).collect())),
        }
    }

    /// A value in which the new names stand for the old ones.
    pub(crate) fn renamed(&self, new: &NewIdentity, value: &Value) -> PlanValue<Value> {
        if scan(value, self.old()).is_empty() {
            return value.clone().into();
        }
        let inner = |value: &Value| self.renamed(new, value).template();
        PlanValue::from_template(match value {
            Value::String(text) => self.renamed_text(new, text).template(),
            Value::Array(items) => Template::List(items.iter().map(inner).collect()),
            Value::Object(members) => Template::object(members.iter().map(|(k, v)| (k.clone(), inner(v)))),
            plain => return plain.clone().into(),
        })
    }

    /// A name that is the same whenever the same thing is planned for the same target.
    pub(crate) fn derived_name(&self, of: &[&str]) -> String {
        let mut seed = self.facts.target.id.folded();
        for part in of {
            seed.push('\n');
            seed.push_str(&part.to_ascii_lowercase());
        }
        Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).to_string()
    }
}

impl NewIdentity {
    /// One of its names, for an input.
    pub(crate) fn planned(&self, identifier: Identifier) -> PlanValue<String> {
        match identifier {
            Identifier::Name => self.id.name().into(),
            Identifier::Group => self.id.resource_group().unwrap_or_default().into(),
            Identifier::ResourceId => self.id.as_str().into(),
            Identifier::ClientId => IdentityCreated::client_id(&self.made_by),
            Identifier::PrincipalId => IdentityCreated::principal_id(&self.made_by),
        }
    }

    /// One of its names, inside a text for people.
    pub(crate) fn name(&self, identifier: Identifier) -> Template {
        self.planned(identifier).template()
    }

    /// The step that makes it.
    pub(crate) fn step(&self) -> StepId {
        self.made_by.id().clone()
    }
}
