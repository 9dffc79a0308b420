//! Activities: deny assignments that would stop the move half-way, because they deny the caller. Pure.

use crate::relocate::facts::{Denied, Facts};
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use std::collections::BTreeMap;

/// One blocker for each deny assignment, with every action that it takes from the caller.
pub(crate) fn notices(params: &Params, facts: &Facts, out: &mut Preflight) {
    let mut each: BTreeMap<&str, Vec<&Denied>> = BTreeMap::new();
    for denied in &facts.denied {
        each.entry(&denied.id).or_default().push(denied);
    }
    for (id, all) in each {
        let Some(first) = all.first() else { continue };
        let needs: Vec<String> = all.iter().map(|one| need(one)).collect();
        let sure = if all.iter().all(|one| one.doubtful) {
            "may deny you (your groups, or its condition, cannot be told)"
        } else {
            "denies you"
        };
        let text = format!(
            "deny assignment {} at {} {sure} what steps need: {}",
            first.name,
            first.scope,
            needs.join("; ")
        );
        if params.options.accepts(id) {
            out.warnings.push(notice(
                NoticeCode::W373,
                id,
                text,
                "accepted in the batch file: those steps may fail with 403",
            ));
            continue;
        }
        let remedy = "have its owner exclude you (a managed application or a deployment stack by its deny settings), run as \
                      somebody whom it excludes, or leave the identity out; who knows better answers for it: accept_unseen";
        out.blockers.push(notice(NoticeCode::B142, id, text, remedy));
    }
}

fn need(denied: &Denied) -> String {
    let when = if denied.later { " (clean-up)" } else { "" };
    format!("{} at {}{when}", denied.action, denied.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::{facts, params};

    #[test]
    fn what_denies_the_operator_blocks_by_name_until_somebody_answers_for_it() {
        let mut facts = facts();
        let denied = |action: &str, later| Denied {
            id: "/d".into(),
            name: "managed".into(),
            scope: "/rg".into(),
            action: action.into(),
            at: "/rg/st".into(),
            later,
            doubtful: false,
        };
        facts.denied = vec![denied("A/b/write", false), denied("A/b/delete", true)];
        let mut out = Preflight::default();
        notices(&params(), &facts, &mut out);
        let [one] = &out.blockers[..] else { panic!("one deny, one blocker: {out:?}") };
        assert_eq!((one.code.as_str(), one.target.as_str()), ("B142", "/d"));
        assert!(one.text.contains("A/b/write at /rg/st; A/b/delete at /rg/st (clean-up)"), "{}", one.text);
        let mut answered = params();
        answered.options.accept_unseen.insert("/D".into());
        let mut out = Preflight::default();
        notices(&answered, &facts, &mut out);
        assert!(out.blockers.is_empty() && out.warnings[0].code == "W373");
    }
}
