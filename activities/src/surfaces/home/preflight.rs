//! Activities: services that keep identities inside, and identities that Azure Policy makes by itself. Pure.

use crate::relocate::facts::{Facts, Keeper, ManualReference};
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::surfaces::data_plane::facts::has_told_all;
use crate::surfaces::home::keepers;
use std::collections::BTreeMap;

/// Says what nothing here can see, and that the log of sign-ins can.
pub(crate) fn notices(params: &Params, facts: &Facts, out: &mut Preflight) {
    let keepers: Vec<&Keeper> = facts
        .manual_references
        .iter()
        .filter_map(|named| match named {
            ManualReference::Keeper(keeper) => Some(keeper),
            _ => None,
        })
        .collect();
    let quiet = params.options.quiet_ms > 0;
    for keeper in keepers.iter().filter(|keeper| keeper.carries && !quiet && !has_told_all(facts, &keeper.id))
    {
        let what = keepers::of(&keeper.kind).map_or("names of identities", |kept| kept.what);
        let text = format!(
            "NOTHING HERE CAN SEE ITS {}: only the log of sign-ins would show that they still use the old identity, and \
             the batch file does not ask for it",
            what.to_uppercase()
        );
        let remedy = match params.options.data_planes.is_empty() {
            true => {
                "name it in [data_planes] of the batch file, so that it is asked itself; or set quiet there (needs \
                     AuditLog.Read.All), or answer for it when the clean-up is approved"
            }
            false => {
                "set quiet in the batch file (needs AuditLog.Read.All), or answer for it when the clean-up is approved"
            }
        };
        out.warnings.push(notice(NoticeCode::W390, &keeper.id, text, remedy));
    }
    let mut covered: BTreeMap<&str, usize> = BTreeMap::new();
    for kept in keepers.iter().filter(|keeper| !keeper.carries).filter_map(|keeper| keepers::of(&keeper.kind))
    {
        *covered.entry(kept.kind).or_default() += 1;
    }
    for (kind, count) in covered {
        let what = keepers::of(kind).map_or("names", |kept| kept.what);
        let text = format!(
            "{count} of these are where the identity may do something, and {what} in them may name it: no list of Azure shows those"
        );
        out.warnings.push(notice(
            NoticeCode::W391,
            kind,
            text,
            "look there, if the identity is meant to work in them",
        ));
    }
    made_by_policy(facts, out);
}

/// Identities that a built-in policy makes in each region, locks, and makes again.
/// Source: <https://learn.microsoft.com/azure/azure-monitor/agents/azure-monitor-agent-policy>
fn made_by_policy(facts: &Facts, out: &mut Preflight) {
    let old = &facts.identity.identifiers.resource_id;
    let region = facts.identity.location.replace(' ', "").to_ascii_lowercase();
    if old.name().eq_ignore_ascii_case(&format!("built-in-identity-{region}")) {
        let text =
            "Azure Policy makes this identity in each region by itself, locks it, and would make it again";
        let remedy = "leave it out: machines of the other region get theirs from the policy";
        out.blockers.push(notice(NoticeCode::B143, old, text, remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{GROUP, OLD, facts, params};

    fn codes(params: &Params, facts: &Facts) -> Vec<String> {
        let mut out = Preflight::default();
        notices(params, facts, &mut out);
        out.blockers.into_iter().chain(out.warnings).map(|notice| notice.code).collect()
    }

    #[test]
    fn what_only_sign_ins_would_show_is_said_loudly_unless_they_are_asked() {
        let mut facts = facts();
        let keeper = |carries| {
            let kind = "Microsoft.Databricks/accessConnectors".to_owned();
            ManualReference::Keeper(Keeper {
                id: format!("{GROUP}/{carries}").into(),
                kind: kind.into(),
                carries,
            })
        };
        facts.manual_references = vec![keeper(true), keeper(false)];
        let mut params = params();
        assert_eq!(codes(&params, &facts), ["W390", "W391"]);
        params.options.quiet_ms = 1;
        assert_eq!(codes(&params, &facts), ["W391"]);
    }

    #[test]
    fn an_identity_that_policy_makes_by_itself_is_refused() {
        let mut facts = facts();
        facts.identity.identifiers.resource_id = OLD.replace("id-pay", "Built-In-Identity-westeurope").into();
        assert_eq!(codes(&params(), &facts), ["B143"]);
        facts.identity.location = "northeurope".into();
        assert!(codes(&params(), &facts).is_empty());
    }
}
