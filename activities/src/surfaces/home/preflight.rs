//! Activities: services that keep identities inside, and identities that Azure Policy makes by itself. Pure.

use crate::relocate::facts::{Facts, Keeper, ManualReference};
use crate::relocate::params::Params;
use crate::relocate::plan::words::grouped;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::surfaces::data_plane::facts::{Asked, asked, has_told_all};
use crate::surfaces::home::keepers;
use crate::surfaces::home::plan::{is_itself_asked, key, named};
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
        let ask = key(&keeper.kind).filter(|_| !is_asked(facts, keeper)).map_or_else(String::new, |key| {
            let line = named(key, &keeper.kind, &keeper.id);
            format!("write {line} under [data_planes] of the batch file, so that it is asked itself; or ")
        });
        let remedy = format!(
            "{ask}set quiet in the batch file (needs AuditLog.Read.All), or answer for it when the clean-up is approved"
        );
        out.warnings.push(notice(NoticeCode::W390, &keeper.id, text, remedy));
    }
    let mut covered: BTreeMap<&str, Vec<&Keeper>> = BTreeMap::new();
    for keeper in keepers.iter().filter(|keeper| !keeper.carries) {
        if let Some(kept) = keepers::of(&keeper.kind) {
            covered.entry(kept.kind).or_default().push(keeper);
        }
    }
    for (kind, all) in covered {
        let what = keepers::of(kind).map_or("names", |kept| kept.what);
        let text = format!(
            "it may do something in {}, where {what} may name it: no list of Azure shows those",
            names(&all)
        );
        let remedy = match key(kind) {
            Some(key) => format!(
                "if it works there: see the command of a step that carries it, or write {} under [data_planes] of the batch file",
                all.first().map(|keeper| named(key, &keeper.kind, &keeper.id)).unwrap_or_default()
            ),
            None => "look there, if it works there".to_owned(),
        };
        out.warnings.push(notice(NoticeCode::W391, kind, text, remedy));
    }
    made_by_policy(facts, out);
}

/// Whether what it keeps inside has been asked for: of itself, or of what uses a connector.
fn is_asked(facts: &Facts, keeper: &Keeper) -> bool {
    let key = key(&keeper.kind);
    let by_connector = |one: &Asked| Some(one.service.as_str()) == key && !is_itself_asked(&keeper.kind);
    asked(facts).iter().any(|one| one.id == keeper.id || by_connector(one))
}

/// The names of a few, and how many more there are.
fn names(all: &[&Keeper]) -> String {
    const NAMED_MAX: usize = 3;
    let few: Vec<String> = all.iter().take(NAMED_MAX).map(|keeper| grouped(&keeper.id)).collect();
    match all.len().saturating_sub(NAMED_MAX) {
        0 => few.join(", "),
        more => format!("{} and {more} more", few.join(", ")),
    }
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
