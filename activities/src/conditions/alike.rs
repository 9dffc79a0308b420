//! Activities: what an identity has of everything that is given to one: roles, credentials, groups, permissions. Reads
//! only.
//!
//! Each grant has a proof of its own, and none of these shows what nobody planned. So both identities are compared as
//! wholes, both ways: what the old one has the new one has too, and the new one has nothing that neither the old one
//! has nor this plan gave.

use crate::activity::finding;
use crate::azure::Reader;
use crate::conditions::alike_read::{Had, Side, of_groups, read_new, read_old};
use crate::references::rewrite::Pair;
use crate::references::text::replace;
use rehome_orchestrator::PlanValue;
use rehome_orchestrator::{Condition, ConditionResult, Difference, Fault, FaultKind, Finding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many differences are told one by one.
const TOLD: usize = 5;

/// The new identity has what the old one has, and nothing more.
pub(crate) struct IdentityAlike(pub(crate) Reader);

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlikeInput {
    pub(crate) old: Side,
    pub(crate) new: Side,
    /// What stands for what in scopes.
    pub(crate) replace: Vec<Pair>,
    /// What this plan gives the new one, by the names that are made here.
    #[serde(default)]
    pub(crate) given: PlanValue<Vec<String>>,
    /// What the old one has and the plan knowingly does not copy, by the same names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) not_copied: PlanValue<Vec<String>>,
}

/// What is different.
#[derive(Default, PartialEq, Eq, Debug)]
struct Differences {
    /// The new one has it, and neither the old one nor the plan.
    more: Vec<String>,
    /// The old one has it, and the new one does not.
    less: Vec<String>,
}

/// Compares both, each under the names of its own.
fn compare(input: &AlikeInput, old: &Had, new: &Had) -> Differences {
    let pairs: Vec<(&str, &str)> = input.replace.iter().map(|p| (p.from.as_str(), p.to.as_str())).collect();
    let renamed = |name: &str| replace(name, &pairs).unwrap_or_else(|| name.to_owned()).to_lowercase();
    let given: BTreeSet<String> = input.given.iter().map(|name| renamed(name)).collect();
    let not_copied: BTreeSet<String> = input.not_copied.iter().map(|name| name.to_lowercase()).collect();
    let was: BTreeSet<String> = old.all().map(&renamed).collect();
    let is: BTreeSet<String> = new.all().map(str::to_lowercase).collect();
    let more = is.iter().filter(|name| !given.contains(*name) && !was.contains(*name)).cloned().collect();
    // Roles are compared by what they add up to, with all groups: `principal.equal`.
    let copied = old.beside_roles.iter().filter(|name| !not_copied.contains(&name.to_lowercase()));
    let less = copied.filter(|name| !is.contains(&renamed(name))).cloned().collect();
    Differences { more, less }
}

fn told(all: &[String]) -> String {
    let mut told: Vec<String> = all.iter().take(TOLD).cloned().collect();
    if all.len() > TOLD {
        told.push(format!("{} more", all.len() - TOLD));
    }
    told.join("; ")
}

/// What is different now, as findings of a comparison.
///
/// # Errors
/// When something of either cannot be read.
pub(crate) async fn findings(reader: &Reader, input: &AlikeInput) -> Result<Vec<Finding>, Fault> {
    let Differences { more, less } = Box::pin(differences(reader, input)).await?;
    let one = |fact: String, expected: &str, found: &[String], word: &str| {
        let difference = (!found.is_empty()).then(|| Difference {
            fact: fact.clone(),
            expected: Some(expected.to_owned()),
            found: Some(format!("{word} {}", told(found))),
        });
        finding(&fact, expected, difference.as_ref())
    };
    let who = &input.new.id;
    Ok(vec![
        one(format!("what {who} has beyond the old identity"), "nothing", &more, "has"),
        one(format!("what {who} lacks of the old identity"), "nothing", &less, "without"),
    ])
}

async fn differences(reader: &Reader, input: &AlikeInput) -> Result<Differences, Fault> {
    let groups = input.not_copied.iter().filter_map(|name| name.strip_prefix("group "));
    let groups: Vec<String> = groups.map(ToOwned::to_owned).collect();
    let (old, new, through) = futures_util::join!(
        read_old(reader, &input.old),
        read_new(reader, &input.new),
        of_groups(reader, &groups)
    );
    let mut old = old?;
    old.roles.extend(through?);
    Ok(compare(input, &old, &new?))
}

impl Condition for IdentityAlike {
    const NAME: &'static str = "identity.alike/1";
    type Input = AlikeInput;

    async fn check(&self, input: &AlikeInput) -> ConditionResult {
        let found = match Box::pin(differences(&self.0, input)).await {
            Ok(found) => found,
            Err(why) => return ConditionResult::NotYet { after: None, why },
        };
        if found == Differences::default() {
            return ConditionResult::Yes;
        }
        let part = |word: &str, all: &[String]| {
            (!all.is_empty()).then(|| format!("the new identity {word}: {}", told(all)))
        };
        let parts =
            [part("has what nobody planned", &found.more), part("lacks what the old one has", &found.less)];
        let what = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        ConditionResult::Never(Fault::new(FaultKind::Differs, "NotAlike", what).at(input.new.id.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::{ClientId, PrincipalId, ResourceId};

    fn input(given: &[&str], not_copied: &[&str]) -> AlikeInput {
        let side = |id: &str| Side {
            id: ResourceId::from(id).into(),
            principal_id: PrincipalId::from(format!("{id}-p")).into(),
            client_id: ClientId::from(format!("{id}-c")).into(),
        };
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        AlikeInput {
            old: side("/s/old"),
            new: side("/s/new"),
            replace: vec![Pair { from: "/s/old".into(), to: "/s/new".into() }],
            given: texts(given),
            not_copied: texts(not_copied),
        }
    }

    fn had(roles: &[&str], beside: &[&str]) -> Had {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        Had { roles: texts(roles), beside_roles: texts(beside) }
    }

    #[test]
    fn what_the_new_one_has_beyond_the_old_one_and_the_plan_is_found_and_what_it_lacks_too() {
        let plan = input(&["role r at /counterpart"], &["group by-rule"]);
        let old = had(&["role r at /S/old", "role q at /x"], &["group G", "group by-rule", "credential c"]);
        let new = had(&["role r at /s/NEW", "role r at /counterpart"], &["group g", "credential c"]);
        assert_eq!(compare(&plan, &old, &new), Differences::default());
        let new = had(&["role owner at /x"], &["group g", "credential of an attacker"]);
        let found = compare(&plan, &old, &new);
        assert_eq!(found.more, ["credential of an attacker", "role owner at /x"]);
        assert_eq!(found.less, ["credential c"]);
    }

    #[test]
    fn once_the_old_one_is_gone_the_plan_alone_says_what_is_right() {
        let plan = input(&["group g", "role r at /s/old"], &[]);
        let new = had(&["role r at /s/new"], &["group g", "group other"]);
        assert_eq!(compare(&plan, &Had::default(), &new).more, ["group other"]);
    }
}
