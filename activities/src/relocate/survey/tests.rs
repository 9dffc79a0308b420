//! Tests of what whoever is signed in must be allowed.

use crate::relocate::survey::rights::wanted;
use crate::relocate::survey::wanted::Actions;
use crate::relocate::testing::*;

fn has(wanted: &Actions, action: &str, scope: &str) -> bool {
    wanted.contains(&(action.to_owned(), scope.to_owned()))
}

#[test]
fn what_the_clean_up_deletes_is_asked_for_where_it_is() {
    let mut facts = facts();
    facts.assignments_of.push(crate::relocate::facts::Assignment {
        until: Some("2098-12-31T23:00:00Z".into()),
        ..assignment("a2", "/subscriptions/s1")
    });
    let later = wanted(&params(), &facts).later;
    assert!(has(&later, "Microsoft.ManagedIdentity/userAssignedIdentities/delete", OLD));
    assert!(has(&later, "Microsoft.ManagedIdentity/userAssignedIdentities/revokeTokens/action", OLD));
    assert!(has(&later, "Microsoft.Authorization/roleAssignments/delete", GROUP));
    let request = "Microsoft.Authorization/roleAssignmentScheduleRequests/write";
    assert!(has(&later, request, "/subscriptions/s1"));
    assert!(has(&wanted(&params(), &facts).before, request, "/subscriptions/s1"));
    assert!(!has(&later, "Microsoft.Authorization/roleAssignments/delete", "/subscriptions/s1"));
}

#[test]
fn locks_are_asked_for_only_where_the_move_lifts_them() {
    let (mut params, mut facts) = (params(), facts());
    facts.locks = vec![lock(GROUP, "CanNotDelete")];
    assert!(!has(&wanted(&params, &facts).later, "Microsoft.Authorization/locks/delete", GROUP));
    params.options.lift_locks = true;
    assert!(has(&wanted(&params, &facts).later, "Microsoft.Authorization/locks/delete", GROUP));
    assert!(
        !has(&wanted(&params, &facts).before, "Microsoft.Authorization/locks/delete", GROUP),
        "it refuses no write"
    );
}
