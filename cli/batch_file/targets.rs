//! CLI: where each identity of a batch goes. Each moves once, and no two become one. Pure.

use super::batch::Origin;
use super::listed::Listed;
use super::mapping::{Given, MapRule, Wants};
use super::meaning::{Policy, Row};
use super::mistakes::{Mistakes, Place};
use super::rule;
use rehome_activities::azure::ResourceId;
use rehome_activities::relocate::{Params, Target};
use std::collections::BTreeMap;

/// The moves of all rows, each with where it was said. `listed` is what Azure says of them, by their ids, where it
/// was asked.
pub(super) fn moves(
    policy: &Policy,
    rows: Vec<Row>,
    rules: &[MapRule],
    listed: Option<&BTreeMap<ResourceId, Listed>>,
    found: &mut Mistakes,
) -> (Vec<Params>, BTreeMap<ResourceId, Origin>) {
    let (mut moves, mut origins) = (Vec::with_capacity(rows.len()), BTreeMap::new());
    let mut unique = Unique::default();
    for row in rows {
        let bare = Listed { id: row.id.clone(), ..Listed::default() };
        let known = listed.map(|all| all.get(&row.id));
        if known == Some(None) && rules.iter().any(MapRule::asks_azure) {
            let what = format!("Azure lists no identity {}, so no rule can look at it", row.id);
            found.add(
                row.at,
                what,
                "look whether it is there; one that was made just now is listed in some minutes",
            );
            continue;
        }
        let identity = known.flatten().unwrap_or(&bare);
        let wants = Wants { resource_group: row.resource_group.is_none(), name: row.name.is_none() };
        let given = rules.iter().find_map(|rule| Some((rule, rule.give(identity, wants, found)?)));
        let rule = given.as_ref().filter(|(_, given)| given.is_anything()).map(|(rule, _)| rule.told.clone());
        let given = given.map(|(_, given)| given).unwrap_or_default();
        let Some(target) = target(policy, &row, given) else { continue };
        unique.take(&row, &target.id(), found);
        origins.insert(row.id.clone(), Origin { identity: row.from.clone(), rule });
        moves.push(row.params(policy, target));
    }
    (moves, origins)
}

/// Where an identity goes: what its row says, what a rule gives, and otherwise as it is.
fn target(policy: &Policy, row: &Row, given: Given) -> Option<Target> {
    let (subscription, group, name) = rule::identity(&row.id)?;
    let or = |said: &Option<String>, given: Option<String>, is: &str| {
        said.clone().or(given).unwrap_or_else(|| is.to_owned())
    };
    Some(Target {
        subscription: or(&row.subscription, None, subscription).into(),
        resource_group: or(&row.resource_group, given.resource_group, group),
        name: or(&row.name, given.name, name),
        location: given.to.unwrap_or_else(|| policy.to.clone()),
    })
}

/// What was taken so far, and where.
#[derive(Default)]
struct Unique {
    identities: BTreeMap<ResourceId, Place>,
    targets: BTreeMap<ResourceId, (Place, ResourceId)>,
}

impl Unique {
    fn take(&mut self, row: &Row, target: &ResourceId, found: &mut Mistakes) {
        if let Some(first) = self.identities.insert(row.id.clone(), row.at) {
            let remedy = format!("leave one out: the other is in {}", found.told_place(first));
            found.add(row.at, format!("an identity is named twice: {}", row.id), remedy);
        } else if !row.is_clean {
            // Where it goes is not known.
        } else if *target == row.id {
            let what =
                "the new identity would have the id of the old one: the same name in the same resource group";
            found.add(row.at, what, "set target_resource_group or target_name for it, or a rule: [[map]]");
        } else if let Some((first, other)) = self.targets.insert(target.clone(), (row.at, row.id.clone())) {
            let place = found.told_place(first);
            let remedy =
                format!("give one another target_name or target_resource_group; the other is in {place}");
            found.add(
                row.at,
                format!("two identities would become {target}: {other} and {}", row.id),
                remedy,
            );
        }
    }
}
