//! Activities: whether the copies of role assignments fit into what Azure takes. Pure.

use crate::azure::ResourceId;
use crate::relocate::facts::Facts;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use std::collections::BTreeMap;

/// How many role assignments a subscription takes, and how many a management group.
/// Source: <https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits>
const MOST: [u64; 2] = [4_000, 500];

const GROUPS: &str = "/providers/microsoft.management/managementgroups/";

/// Under what a scope is counted: its subscription's id, or the path of its management group; in lower case.
pub(crate) fn counted_at(scope: &ResourceId) -> Option<String> {
    let scope = scope.folded();
    if let Some(rest) = scope.strip_prefix(GROUPS) {
        return rest.split('/').next().filter(|name| !name.is_empty()).map(|name| format!("{GROUPS}{name}"));
    }
    scope.strip_prefix("/subscriptions/")?.split('/').next().map(ToOwned::to_owned)
}

pub(crate) fn notices(facts: &Facts, out: &mut Preflight) {
    let mut more: BTreeMap<String, u64> = BTreeMap::new();
    let scopes = facts.assignments_of.iter().chain(&facts.assignments_on).map(|a| &a.scope);
    let mapped = facts.mapped.places_of(facts.assignments_of.iter().map(|a| &a.scope));
    for at in scopes.chain(mapped).filter_map(counted_at) {
        *more.entry(at).or_default() += 1;
    }
    let there = |at: &str| {
        let same = facts.assignment_counts.iter().find(|(key, _)| key.eq_ignore_ascii_case(at));
        same.map_or(0, |(_, count)| *count)
    };
    for (at, more) in more {
        let (target, most) = if at.starts_with('/') {
            (at.clone(), MOST[1])
        } else {
            (format!("/subscriptions/{at}"), MOST[0])
        };
        let there = there(&at);
        if there + more > most {
            let text = format!("{there} role assignments and {more} more do not fit into {most}");
            out.blockers.push(notice(
                NoticeCode::B112,
                &target,
                text,
                "remove assignments of principals that are gone",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{assignment, facts};

    #[test]
    fn a_management_group_takes_five_hundred_and_a_subscription_four_thousand() {
        let group = "/providers/Microsoft.Management/managementGroups/Top";
        let blocked = |scope: &str, key: &str, there: u64| {
            let mut facts = facts();
            facts.assignments_of = vec![assignment("a", scope)];
            facts.assignments_on = Vec::new();
            facts.assignment_counts = BTreeMap::from([(key.to_owned(), there)]);
            let mut out = Preflight::default();
            notices(&facts, &mut out);
            out.blockers.into_iter().map(|one| one.target).collect::<Vec<_>>()
        };
        assert_eq!(blocked(group, &group.to_lowercase(), 499), Vec::<String>::new());
        assert_eq!(blocked(group, &group.to_lowercase(), 500), [group.to_lowercase()]);
        assert_eq!(blocked("/subscriptions/S1/resourceGroups/g", "s1", 3_999), Vec::<String>::new());
        assert_eq!(blocked("/subscriptions/S1/resourceGroups/g", "S1", 4_000), ["/subscriptions/s1"]);
    }
}
