//! Activities: the other moves of a batch that one has to know of: those whose identity stands in an assignment, in a
//! condition or on a host with its own. They follow from the facts alone. Pure.

use super::facts::{Facts, Moving};
use crate::azure::{ClientId, ResourceId};
use crate::references::scan::Identifiers;
use crate::references::text::mentions;
use crate::references::words::Words;
use std::collections::BTreeSet;

/// All moves of a batch.
#[derive(Default)]
pub struct Peers {
    all: Vec<Moving>,
    words: Words,
}

impl Peers {
    /// The moves of a batch, in their order.
    pub fn new(all: Vec<Moving>) -> Self {
        let name = |m: &Moving| Identifiers {
            resource_id: m.from.clone(),
            client_id: ClientId::default(),
            principal_id: m.principal_id.clone(),
        };
        let names: Vec<Identifiers> = all.iter().map(name).collect();
        Self { words: Words::of(&names), all }
    }

    /// Those beside the move of these facts.
    pub fn beside(&self, facts: &Facts) -> Vec<Moving> {
        let texts = texts(facts);
        let mut maybe = BTreeSet::new();
        texts.iter().for_each(|text| self.words.in_text(text, &mut maybe));
        let own = &facts.identity.identifiers.resource_id;
        let stands = |m: &&Moving| {
            let named = |text: &&str| {
                mentions(text, &m.from) || !m.principal_id.is_empty() && mentions(text, &m.principal_id)
            };
            m.from != *own && texts.iter().any(named)
        };
        maybe.into_iter().map(|nth| &self.all[nth]).filter(stands).cloned().collect()
    }
}

/// Where another identity of the batch matters to a move.
fn texts(facts: &Facts) -> Vec<&str> {
    let assignments =
        facts.assignments_of.iter().chain(&facts.assignments_on).chain(&facts.conditions_naming);
    let hosts = facts.hosts.iter().chain(facts.counterparts.iter().map(|c| &c.host));
    let of_assignments = assignments
        .flat_map(|a| [Some(a.scope.as_str()), Some(a.principal_id.as_str()), a.condition.as_deref()])
        .flatten();
    of_assignments.chain(hosts.flat_map(|host| host.attached.iter().map(ResourceId::as_str))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{self, GROUP, assignment};

    fn other(n: usize) -> Moving {
        Moving {
            from: format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other{n}")
                .into(),
            to: format!("/elsewhere/other{n}").into(),
            principal_id: format!("9999999{n}-0000-4000-8000-000000000000").into(),
        }
    }

    #[test]
    fn those_that_stand_in_an_assignment_a_condition_or_on_a_host_are_beside_it() {
        let mut facts = testing::facts();
        let mut conditioned = assignment("c", GROUP);
        conditioned.condition =
            Some(format!("@Request[x] GuidEquals {{{}}}", other(1).principal_id.to_uppercase()));
        facts.assignments_of =
            vec![assignment("a", &format!("{}/x", other(0).from.to_uppercase())), conditioned];
        let mut on = assignment("o", "/x");
        on.principal_id = other(2).principal_id;
        facts.assignments_on = vec![on];
        let mut host = testing::host("Microsoft.Web/sites", "a");
        host.attached.push(other(3).from);
        facts.hosts = vec![host];
        let own = Moving { from: facts.identity.identifiers.resource_id.clone(), ..other(9) };
        let all: Vec<Moving> = (0..5).map(other).chain([own]).collect();
        assert_eq!(Peers::new(all).beside(&facts), (0..4).map(other).collect::<Vec<_>>());
    }
}
