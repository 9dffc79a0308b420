//! Activities: how many identities a host takes, and whether there is room for one more. Pure.

use crate::azure::ResourceId;
use crate::references::writes;
use crate::relocate::facts::{Facts, Host};

/// Why the new identities of the batch cannot be attached to a host beside the old ones; `None` where they can.
/// Every identity of the batch that it carries gets a new one beside it, so all of them are counted.
pub(crate) fn full(facts: &Facts, host: &Host) -> Option<String> {
    let most = writes::row(&host.kind)?.most?;
    let own = &facts.identity.identifiers.resource_id;
    let moves = |id: &&ResourceId| *id == own || facts.moving.iter().any(|m| m.from == **id);
    let come = host.attached.iter().filter(moves).count();
    (host.attached.len() + come > most).then(|| said(most, host.attached.len()))
}

/// Why nobody may attach an identity to what takes the place of a host; `None` where there is room.
pub(crate) fn attach_blocker(host: &Host) -> Option<String> {
    let most = writes::row(&host.kind)?.most?;
    (host.attached.len() >= most).then(|| said(most, host.attached.len()))
}

fn said(most: usize, has: usize) -> String {
    match most {
        1 => "it takes one identity at a time".to_owned(),
        _ => format!("it takes at most {most} identities, and has {has}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::facts::{Moving, Strategy};
    use crate::relocate::testing::{facts, host, params};
    use crate::surfaces::host::strategy::choose;

    fn carrying(kind: &str, others: usize) -> Host {
        let mut host = host(kind, "h");
        host.attached.extend((0..others).map(|n| format!("/other/{n}").into()));
        host
    }

    fn strategy(facts: &Facts, host: &Host) -> Strategy {
        choose(&params(), facts, host).strategy
    }

    #[test]
    fn a_host_that_is_full_is_given_the_new_identity_for_the_old_one_and_any_other_beside_it() {
        let facts = facts();
        for (kind, most) in [
            ("Microsoft.Storage/storageAccounts", 1),
            ("Microsoft.VirtualMachineImages/imageTemplates", 1),
            ("Microsoft.Databricks/accessConnectors", 1),
            ("Microsoft.DevCenter/projects", 1),
            ("Microsoft.EventGrid/topics", 2),
            ("Microsoft.EventGrid/systemTopics", 2),
            ("Microsoft.AppConfiguration/configurationStores", 10),
        ] {
            assert_eq!(strategy(&facts, &carrying(kind, most - 1)), Strategy::Swap, "{kind} is full");
            let gap = choose(&params(), &facts, &carrying(kind, most - 1)).gap;
            assert!(gap.is_some_and(|gap| gap.contains("do not overlap")), "{kind}");
            if most > 1 {
                assert_eq!(strategy(&facts, &carrying(kind, most - 2)), Strategy::Overlap, "{kind} has room");
            }
        }
    }

    #[test]
    fn two_identities_of_one_batch_take_the_last_place_of_a_host_from_each_other() {
        let mut facts = facts();
        let mut store = carrying("Microsoft.AppConfiguration/configurationStores", 8);
        assert_eq!(
            strategy(&facts, &store),
            Strategy::Overlap,
            "nine are attached, and there is room for one"
        );
        let from = store.attached[3].to_uppercase().into();
        facts.moving.push(Moving { from, to: "/elsewhere".into(), principal_id: "".into() });
        assert_eq!(strategy(&facts, &store), Strategy::Swap, "two new ones would come");
        store.attached.truncate(4);
        assert_eq!(strategy(&facts, &store), Strategy::Overlap);
    }
}
