//! Activities: the kinds of step that a plan is made of. Pure.

use rehome_orchestrator::{Node, Retry, Reversibility, Template};

/// Long enough for a new principal to be known to every replica of Azure.
const PATIENT: Retry =
    Retry { base_ms: 2_000, cap_ms: 60_000, attempts_max: 120, give_up_after_ms: 1_800_000 };

/// A step of the activity with this name.
pub(crate) fn act(name: &str, input: Template) -> Node {
    let reversibility = match name {
        "identity.delete/1" => Reversibility::Irreversible,
        "identity.create/1"
        | "federated_credential.add/1"
        | "identity.revoke_tokens/1"
        | "role_assignment.revoke/1"
        | "app_role.revoke/1"
        | "directory_role.revoke/1"
        | "app_credential.remove/1"
        | "delegated_grant.remove/1"
        | "schedule.grant/1"
        | "schedule.end/1"
        | "pim.grant/1"
        | "pim.end/1" => Reversibility::Compensable,
        _ => Reversibility::Reversible,
    };
    Node::Act { activity: name.to_owned(), input, reversibility, settling_ms: 120_000, retry: PATIENT }
}

/// A wait for the condition with this name.
pub(crate) fn wait(name: &str, input: Template) -> Node {
    Node::Wait { condition: name.to_owned(), input, retry: PATIENT }
}

/// A wait for what may take this long and longer: given up when it has taken twice as long.
pub(crate) fn watch(name: &str, input: Template, for_ms: u64) -> Node {
    let give_up_after_ms = for_ms.saturating_mul(2).max(PATIENT.give_up_after_ms);
    Node::Wait { condition: name.to_owned(), input, retry: Retry { give_up_after_ms, ..PATIENT } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_promises_of_each_kind_what_the_kind_itself_does() {
        for (name, own) in crate::surfaces::registry::reversibilities() {
            let Node::Act { reversibility, .. } = act(name, Template::known(())) else { unreachable!() };
            assert_eq!(reversibility, own, "{name}");
        }
    }
}
