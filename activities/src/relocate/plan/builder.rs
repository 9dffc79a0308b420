//! Activities: puts a plan together, step by step. Pure.

use crate::references::by_name::name_and_group;
use crate::references::scan::{Identifier, Identifiers, scan};
use crate::references::text::{Piece, pieces, replace};
use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::surfaces::lock::plan as kept;
use crate::surfaces::lock::plan::Kept;
use rehome_orchestrator::{Node, Phase, Proof, Step, StepId, Template};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// The parts of a plan, as people call them.
#[derive(Clone, Copy)]
pub(crate) enum Group {
    Create,
    Grant,
    RePoint,
    Check,
    Soak,
    CleanUp,
}

impl Group {
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
pub(crate) struct New {
    /// The new resource id, known beforehand.
    pub(crate) id: String,
    /// The step that makes the new identity and gives its other names.
    pub(crate) made_by: StepId,
}

/// A plan in the making.
pub(crate) struct Builder<'a> {
    pub(crate) params: &'a Params,
    pub(crate) facts: &'a Facts,
    /// Locks that the way back meets.
    pub(crate) kept: Vec<Kept<'a>>,
    steps: Vec<Step>,
}

/// What one step says beside what it does.
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) undo: Cow<'static, str>,
}

impl Words {
    pub(crate) fn new(title: impl Into<String>, undo: &'static str) -> Self {
        Self { title: title.into(), undo: Cow::Borrowed(undo) }
    }
}

impl<'a> Builder<'a> {
    pub(crate) fn new(params: &'a Params, facts: &'a Facts) -> Self {
        Self { params, facts, kept: Vec::new(), steps: Vec::new() }
    }

    /// Adds a step and gives it the next number.
    pub(crate) fn push(
        &mut self,
        group: Group,
        mut words: Words,
        needs: &[StepId],
        mut node: Node,
    ) -> StepId {
        let id = StepId::new(format!("{:02}", self.steps.len() + 1));
        let phase = match group {
            Group::CleanUp => Phase::CleanUp,
            Group::Create | Group::Grant | Group::RePoint | Group::Check | Group::Soak => Phase::Forward,
        };
        let mut needs = needs.to_vec();
        if phase == Phase::Forward {
            kept::below(&self.kept, &mut node, &mut words, &mut needs);
        }
        needs.sort();
        needs.dedup();
        self.steps.push(Step {
            id: id.clone(),
            group: group.name().to_owned(),
            title: words.title,
            undo: words.undo.into_owned(),
            phase,
            needs,
            node,
            proof: None,
        });
        id
    }

    /// Says what is looked at once a person has said that the step is done.
    pub(crate) fn prove(&mut self, step: &StepId, condition: &str, input: Template) {
        if let Some(step) = self.steps.iter_mut().find(|s| s.id == *step) {
            step.proof = Some(Proof { condition: condition.to_owned(), input });
        }
    }

    pub(crate) fn finish(self) -> Vec<Step> {
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

    /// The pairs `from`, `to` for these identifiers of the old identity.
    pub(crate) fn pairs(&self, new: &New, wanted: &[Identifier]) -> Template {
        let all = [
            Identifier::ResourceId,
            Identifier::ClientId,
            Identifier::PrincipalId,
            Identifier::Name,
            Identifier::Group,
        ];
        let pairs = all.into_iter().filter(|i| wanted.contains(i)).map(|identifier| {
            Template::object([
                ("from", Template::known(self.name_of(identifier))),
                ("to", new.name(identifier)),
            ])
        });
        Template::List(pairs.collect())
    }

    /// What the old identity is called in one of its names.
    pub(crate) fn name_of(&self, identifier: Identifier) -> &'a str {
        let [name, group] = name_and_group(&self.old().resource_id).unwrap_or_default();
        match identifier {
            Identifier::Name => name,
            Identifier::Group => group,
            Identifier::ResourceId => &self.old().resource_id,
            Identifier::ClientId => &self.old().client_id,
            Identifier::PrincipalId => &self.old().principal_id,
        }
    }

    /// A text in which the new names stand for the old ones.
    pub(crate) fn renamed_text(&self, new: &New, text: &str) -> Template {
        self.renamed_beside(new, text, &[])
    }

    /// The same, in which other names are exchanged as well.
    pub(crate) fn renamed_beside(&self, new: &New, text: &str, others: &[(&str, Template)]) -> Template {
        let text = replace(text, &[(self.old().resource_id.as_str(), new.id.as_str())])
            .unwrap_or_else(|| text.to_owned());
        let mut names = vec![self.old().client_id.as_str(), self.old().principal_id.as_str()];
        names.extend(others.iter().map(|(name, _)| *name));
        let mut parts: Vec<Template> = pieces(&text, &names)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Template::known(text),
                Piece::Mention(0) => new.name(Identifier::ClientId),
                Piece::Mention(1) => new.name(Identifier::PrincipalId),
                Piece::Mention(other) => others[other - 2].1.clone(),
            })
            .collect();
        if parts.len() == 1 { parts.remove(0) } else { Template::Text(parts) }
    }

    /// A value in which the new names stand for the old ones.
    pub(crate) fn renamed(&self, new: &New, value: &Value) -> Template {
        if scan(value, self.old()).is_empty() {
            return Template::known(value);
        }
        match value {
            Value::String(text) => self.renamed_text(new, text),
            Value::Array(items) => Template::List(items.iter().map(|i| self.renamed(new, i)).collect()),
            Value::Object(members) => {
                Template::object(members.iter().map(|(k, v)| (k.clone(), self.renamed(new, v))))
            }
            plain => Template::known(plain),
        }
    }

    /// A name that is the same whenever the same thing is planned for the same target.
    pub(crate) fn derived_name(&self, of: &[&str]) -> String {
        let mut seed = self.facts.target.id.to_ascii_lowercase();
        for part in of {
            seed.push('\n');
            seed.push_str(&part.to_ascii_lowercase());
        }
        Uuid::new_v5(&Uuid::NAMESPACE_URL, seed.as_bytes()).to_string()
    }
}

impl New {
    pub(crate) fn name(&self, identifier: Identifier) -> Template {
        let [name, group] = name_and_group(&self.id).unwrap_or_default();
        match identifier {
            Identifier::Name => Template::known(name),
            Identifier::Group => Template::known(group),
            Identifier::ResourceId => Template::known(&self.id),
            Identifier::ClientId => Template::from_step(self.made_by.clone(), "client_id"),
            Identifier::PrincipalId => Template::from_step(self.made_by.clone(), "principal_id"),
        }
    }
}

/// An object without the members that are absent.
pub(crate) fn object<const N: usize>(members: [(&str, Option<Template>); N]) -> Template {
    Template::object(members.into_iter().filter_map(|(name, member)| Some((name, member?))))
}
