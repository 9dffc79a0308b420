//! Activities: reads deny assignments, and tells which of them would mean something else to the new identity. What
//! a group is denied or spared its members are too, and the new one joins the groups that it can be added to. Reads
//! only.

use crate::azure::{PrincipalId, Reader, ResourceId, SubscriptionId, items};
use crate::references::members;
use crate::references::scan::Identifiers;
use crate::relocate::facts::*;
use crate::relocate::survey::common::Common;
use crate::relocate::survey::gaps::gap;
use crate::surfaces::deny_assignment::denied::EVERYBODY;
use crate::surfaces::manual_references::survey as named;
use serde_json::Value;
use std::collections::BTreeSet;

/// The version of deny assignments.
const DENIALS: &str = "2022-04-01";

/// The deny assignments at, above and below every subscription: one list for all identities, because Azure's
/// filter knows whom one denies and not whom it excludes.
pub(crate) async fn list(reader: &Reader, common: &Common) -> (Vec<Value>, Vec<Gap>) {
    let path =
        |s: &SubscriptionId| format!("/subscriptions/{s}/providers/Microsoft.Authorization/denyAssignments");
    let lists = common.subscriptions.iter().map(path).map(|path| (path, Vec::new()));
    named::read(reader, lists.collect(), DENIALS).await
}

/// The groups that hold the identity, directly or through others, and those of them that will hold the new one:
/// ids in lower case.
#[derive(Default)]
pub(crate) struct Held {
    old: BTreeSet<PrincipalId>,
    new: BTreeSet<PrincipalId>,
}

/// Those of the deny assignments that would deny the new identity and do not deny the old one, or the other way round.
pub(crate) async fn read(
    reader: &Reader,
    denials: &[Value],
    member_of: &[PrincipalId],
    directory: &Directory,
    who: &Identifiers,
) -> (Vec<ManualReference>, Vec<Gap>) {
    let any = denials.iter().any(|body| LISTS.iter().any(|list| names_groups(body, list)));
    let asked: &[PrincipalId] = if any { member_of } else { &[] };
    let paths: Vec<String> = asked.iter().map(|id| format!("groups/{id}/transitiveMemberOf")).collect();
    let (mut held, mut gaps) = (Held::default(), Vec::new());
    for ((id, path), answer) in asked.iter().zip(&paths).zip(reader.graph_batch(&paths).await) {
        let mut all = BTreeSet::from([id.clone()]);
        match answer.and_then(|found| items(&found, path)) {
            Ok(groups) => {
                all.extend(groups.iter().filter_map(|one| members::id(one, "/id")));
            }
            Err(why) => gaps.push(gap(&format!("Entra ID: {path}"), &why)),
        }
        let joins = |g: &Group| g.id == *id && g.can_be_joined();
        let joins_for_a_time = |pim: &Pim| pim.is_membership() && *id == *pim.at;
        if directory.groups.iter().any(joins) || directory.scheduled.iter().any(joins_for_a_time) {
            held.new.extend(all.iter().cloned());
        }
        held.old.extend(all);
    }
    let mut named: Vec<ManualReference> =
        denials.iter().filter_map(|body| denial(body, who, &held)).collect();
    for deny in named.iter_mut().filter_map(|named| match named {
        ManualReference::Deny(deny) => deny.through.as_mut(),
        _ => None,
    }) {
        if let Some(group) = directory.groups.iter().find(|g| g.id == deny.as_str()) {
            *deny = format!("{} ({})", group.name, group.id);
        }
    }
    (named, gaps)
}

/// Whom a deny assignment denies, and whom it spares.
const LISTS: [&str; 2] = ["/properties/principals", "/properties/excludePrincipals"];

fn listed<'a>(body: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    body.pointer(list).and_then(Value::as_array).into_iter().flatten()
}

/// Whether anybody in a list may be a group.
fn names_groups(body: &Value, list: &str) -> bool {
    let single = ["User", "ServicePrincipal", "SystemDefined"];
    let is = |one: &Value| {
        members::text(one, "/type").is_none_or(|kind| !single.iter().any(|s| s.eq_ignore_ascii_case(&kind)))
    };
    listed(body, list).any(is)
}

/// What a deny assignment would mean to the new identity, where it is not what it means to the old one.
pub(crate) fn denial(body: &Value, who: &Identifiers, held: &Held) -> Option<ManualReference> {
    let ids = |list| -> BTreeSet<PrincipalId> {
        listed(body, list).filter_map(|one| members::id(one, "/id")).collect()
    };
    let [denied, spared] = LISTS.map(ids);
    let own = &who.principal_id;
    let everybody = denied.contains(&EVERYBODY.into());
    let among = |list: &BTreeSet<PrincipalId>, groups: &BTreeSet<PrincipalId>| {
        list.intersection(groups).next().map(PrincipalId::folded)
    };
    let was = (everybody || denied.contains(own) || among(&denied, &held.old).is_some())
        && !spared.contains(own)
        && among(&spared, &held.old).is_none();
    let is = (everybody || among(&denied, &held.new).is_some()) && among(&spared, &held.new).is_none();
    if was == is {
        return None;
    }
    let names_it = if is { &spared } else { &denied };
    let id: ResourceId = members::id(body, "/id")?;
    let name = members::text(body, "/properties/denyAssignmentName");
    Some(ManualReference::Deny(Deny {
        name: name.unwrap_or_else(|| id.name().to_owned()),
        scope: members::scope(body)?,
        excluded: is,
        through: among(names_it, &held.old).filter(|_| !names_it.contains(own)),
        id,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{GROUP, PRINCIPAL, facts};
    use serde_json::json;

    fn deny(principals: &[&str], spared: &[&str]) -> Value {
        let list = |ids: &[&str]| ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>();
        json!({"id": format!("{GROUP}/providers/Microsoft.Authorization/denyAssignments/d"),
            "properties": {"principals": list(principals), "excludePrincipals": list(spared)}})
    }

    /// Whether the new one would be denied, and through which group; nothing where nothing changes.
    fn found(principals: &[&str], spared: &[&str]) -> Option<(bool, Option<String>)> {
        let set = |ids: &[&str]| ids.iter().map(|id| PrincipalId::from(*id)).collect();
        let held = Held { old: set(&["joined", "above", "dynamic"]), new: set(&["joined", "above"]) };
        match denial(&deny(principals, spared), &facts().identity.identifiers, &held)? {
            ManualReference::Deny(deny) => Some((deny.excluded, deny.through)),
            _ => None,
        }
    }

    #[test]
    fn what_denies_or_spares_the_old_one_by_itself_changes_for_the_new_one() {
        assert_eq!(found(&[&PRINCIPAL.to_uppercase()], &[]), Some((false, None)));
        assert_eq!(found(&[EVERYBODY], &[PRINCIPAL]), Some((true, None)));
        assert_eq!(found(&[EVERYBODY], &["somebody"]), None, "both are denied");
        assert_eq!(found(&["somebody"], &[PRINCIPAL]), None, "nobody denies the new one");
    }

    #[test]
    fn what_denies_or_spares_a_group_that_both_are_in_changes_nothing() {
        for group in ["joined", "Above"] {
            assert_eq!(found(&[EVERYBODY], &[group]), None);
            assert_eq!(found(&[group], &[]), None);
            assert_eq!(found(&[EVERYBODY], &[PRINCIPAL, group]), None, "one way to be spared is enough");
            assert_eq!(found(&[PRINCIPAL], &[group]), None, "neither was it denied");
        }
    }

    #[test]
    fn a_group_that_the_new_one_cannot_join_is_named() {
        let through = |denied| Some((denied, Some("dynamic".to_owned())));
        assert_eq!(found(&[EVERYBODY], &["Dynamic"]), through(true));
        assert_eq!(found(&["dynamic"], &[]), through(false));
        assert_eq!(found(&["dynamic"], &["joined"]), None);
        assert_eq!(found(&["joined"], &["dynamic"]), through(true));
    }

    #[test]
    fn groups_are_asked_for_only_where_one_may_be_named() {
        let typed = |kind: &str| json!({"properties": {"principals": [{"id": "x", "type": kind}]}});
        assert!(!names_groups(&typed("SystemDefined"), LISTS[0]) && !names_groups(&typed("user"), LISTS[0]));
        assert!(names_groups(&typed("Group"), LISTS[0]) && names_groups(&deny(&["x"], &[]), LISTS[0]));
    }
}
