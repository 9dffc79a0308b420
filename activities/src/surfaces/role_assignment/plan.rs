//! Activities: the steps that give and take roles: of the identity, on it, and in conditions that name it. Pure.

use crate::activity::object::{Put, Remove};
use crate::activity::timed::{End, Give};
use crate::azure::{PrincipalId, ResourceId};
use crate::conditions::known::{IdentityIsThere, IdentityKnown};
use crate::references::scan::Identifier;
use crate::relocate::facts::Assignment;
use crate::relocate::plan::builder::{Builder, NewIdentity, Part, ReadyPrincipal};
use crate::relocate::plan::waiting::until;
use crate::relocate::plan::words::{StepText, place, role_at, times};
use crate::surfaces::role_assignment::activity::{
    GrantInput, MadeAssignment, OldAssignment, OldAssignmentInput,
};
use crate::surfaces::role_assignment::batch_peers::{self, LookedUp};
use crate::surfaces::role_assignment::recondition::{Recondition, ReconditionInput};
use crate::surfaces::schedule::activity::{ScheduleInput, TimedAssignment};
use rehome_orchestrator::{Node, PlanValue, StepId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The scopes at which an assignment of the old identity is granted to the new one.
pub(crate) fn scopes(b: &Builder<'_>, assignment: &Assignment) -> Vec<(ResourceId, Option<ResourceId>)> {
    let scope = &assignment.scope;
    if let Some(own) = scope.moved(&b.old().resource_id, &b.facts.target.id) {
        return vec![(own, None)];
    }
    let mut out = vec![(scope.clone(), None)];
    // Azure keeps one assignment for principal, role and scope: what the old one has there is copied from there.
    let held =
        |at: &ResourceId| b.facts.assignments_of.iter().any(|a| a.scope == *at && a.is_of_role(assignment));
    let mapped = b.facts.mapped.place(scope).filter(|place| !held(&place.id));
    out.extend(mapped.map(|place| (place.id.clone(), None)));
    for other in &b.facts.moving {
        out.extend(scope.moved(&other.from, &other.to).map(|scope| (scope, Some(other.to.clone()))));
    }
    let mut seen = BTreeSet::new();
    out.retain(|(scope, _)| seen.insert(scope.clone()));
    out
}

/// Everything that is given before anybody uses the new identity.
pub(crate) fn grant(b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
    let mut known = LookedUp::default();
    let mut steps = roles_of(b, made, &mut known);
    steps.extend(roles_on(b, made, &mut known));
    steps.extend(conditions(b, made));
    steps
}

fn roles_of(b: &mut Builder<'_>, made: &ReadyPrincipal<'_>, known: &mut LookedUp) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    for assignment in &facts.assignments_of {
        for (scope, other) in scopes(b, assignment) {
            let mut needs = vec![made.known.clone()];
            if let Some(other) = other {
                let title = format!("until identity {} is there, which moves too", place(&other));
                let node = until::<IdentityKnown>(&IdentityIsThere { id: other });
                needs.push(b.push(Part::Grant, StepText::new(title, ""), &[], node));
            }
            let (condition, first) = batch_peers::condition(b, made.new, assignment, known);
            needs.extend(first);
            let text = StepText::new(role_at(assignment, &scope), "remove");
            let role = Role { of: assignment, scope: &scope, principal: made.principal(), condition };
            steps.push(role.give(b, made.new, text, &needs));
        }
    }
    steps
}

fn roles_on(b: &mut Builder<'_>, made: &ReadyPrincipal<'_>, known: &mut LookedUp) -> Vec<StepId> {
    let facts = b.facts;
    let mut steps = Vec::new();
    // What another identity of the batch may do with this one is granted by that one's own move.
    let moves = |a: &&Assignment| facts.moving.iter().any(|m| m.principal_id == a.principal_id);
    for assignment in facts.roles_on().filter(|a| !moves(a)) {
        let tail = assignment.scope.get(b.old().resource_id.len()..).unwrap_or_default();
        let scope = ResourceId::from(format!("{}{tail}", facts.target.id));
        let whose = format!("{} {}", assignment.principal_type, assignment.principal_id);
        let title = format!("{} for {whose}", role_at(assignment, &scope));
        let (condition, mut needs) = batch_peers::condition(b, made.new, assignment, known);
        needs.push(made.new.step());
        let principal = (&assignment.principal_id).into();
        let role = Role { of: assignment, scope: &scope, principal, condition };
        steps.push(role.give(b, made.new, StepText::new(title, "remove"), &needs));
    }
    steps
}

/// The role of an assignment, for a principal, at a scope.
struct Role<'a> {
    of: &'a Assignment,
    scope: &'a ResourceId,
    principal: PlanValue<PrincipalId>,
    condition: Option<PlanValue<String>>,
}

impl Role<'_> {
    /// For good, or as long as that one has it.
    fn give(self, b: &mut Builder<'_>, new: &NewIdentity, text: StepText, needs: &[StepId]) -> StepId {
        let a = self.of;
        if a.is_scheduled() {
            let when = [&a.until, &a.from].map(|time| time.as_deref().unwrap_or_default()).concat();
            let name = b.derived_name(&["schedule", self.scope, &a.role_guid(), &when, &a.principal_id]);
            let scope = self.scope;
            let mut input = self.schedule(name);
            return b.make(Part::Grant, text, needs, scope, |locks| {
                input.locks = locks;
                Node::doing::<Give<TimedAssignment>>(&input)
            });
        }
        let old_condition = a.condition.as_deref().unwrap_or_default();
        let renamed = |text: &Option<String>| text.as_deref().map(|t| b.renamed_text(new, t));
        let mut input = GrantInput {
            scope: self.scope.clone(),
            name: b.derived_name(&["role", self.scope, &a.role_guid(), &a.principal_id, old_condition]),
            role_definition_id: a.role_definition_id.clone(),
            principal_id: self.principal,
            principal_type: a.principal_type.clone(),
            condition: self.condition,
            condition_version: a.condition_version.clone(),
            description: renamed(&a.description),
            delegated_identity: a.delegated_identity.as_ref().map(|id| b.renamed_id(new, id)),
            locks: Vec::new(),
        };
        b.make(Part::Grant, text, needs, self.scope, |locks| {
            input.locks = locks;
            Node::doing::<Put<MadeAssignment>>(&input)
        })
    }

    /// One that begins or ends at a time of its own.
    fn schedule(self, name: String) -> ScheduleInput {
        ScheduleInput {
            scope: self.scope.clone(),
            name,
            role_definition_id: self.of.role_definition_id.clone(),
            principal_id: self.principal,
            start: self.of.from.clone(),
            end: self.of.until.clone(),
            condition: self.condition,
            condition_version: self.of.condition_version.clone(),
            locks: Vec::new(),
        }
    }
}

/// Conditions of others that name the old principal: without this, they could not manage the new one.
fn conditions(b: &mut Builder<'_>, made: &ReadyPrincipal<'_>) -> Vec<StepId> {
    let facts = b.facts;
    let all = [Identifier::ResourceId, Identifier::ClientId, Identifier::PrincipalId];
    let replace = b.pairs(made.new, &all);
    let naming = facts.conditions_naming.iter().filter(|a| !batch_peers::is_of_another(facts, a));
    let step = |a: &Assignment| {
        let title = format!("condition of {}: old principal -> NEW", role_at(a, &a.scope));
        let input = ReconditionInput { id: a.id.clone(), replace: replace.clone() };
        (title, "set back", Node::doing::<Recondition>(&input))
    };
    b.each(Part::Grant, naming.map(step), &made.known)
}

/// Takes the roles of the old identity, and those on it.
pub(crate) fn revoke(b: &mut Builder<'_>, after: &StepId) -> Vec<StepId> {
    let facts = b.facts;
    let step = |a: &Assignment| {
        if a.is_scheduled() {
            let principal = (&a.principal_id).into();
            let condition = a.condition.as_ref().map(PlanValue::from);
            let role = Role { of: a, scope: &a.scope, principal, condition };
            let input = role.schedule(b.derived_name(&["end", &a.id]));
            let title = format!("end {} (it {})", role_at(a, &a.scope), times(a));
            return (title, "grant it again, until then", Node::doing::<End<TimedAssignment>>(&input));
        }
        let input = OldAssignmentInput { id: a.id.clone(), expected: properties(a).into() };
        let title = format!("revoke {}", role_at(a, &a.scope));
        (title, "grant it again", Node::doing::<Remove<OldAssignment>>(&input))
    };
    let steps: Vec<_> = facts.assignments_of.iter().chain(facts.roles_on()).map(step).collect();
    b.each(Part::CleanUp, steps, after)
}

/// The whole assignment, in Azure's names: what its undo puts back.
fn properties(a: &Assignment) -> Value {
    let members = [
        ("roleDefinitionId", Some(a.role_definition_id.as_str())),
        ("principalId", Some(&a.principal_id)),
        ("principalType", Some(&a.principal_type)),
        ("condition", a.condition.as_deref()),
        ("conditionVersion", a.condition_version.as_deref()),
        ("description", a.description.as_deref()),
        ("delegatedManagedIdentityResourceId", a.delegated_identity.as_deref()),
    ];
    Value::Object(members.into_iter().filter_map(|(k, v)| Some((k.to_owned(), json!(v?)))).collect())
}
