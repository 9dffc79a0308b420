//! Activities: what names an identity and speaks against its move, or should be known before it. Pure.

use crate::azure::errors::NO_LICENCE;
use crate::relocate::facts::{Deny, Facts, GapCode, ManualReference, Pim, PimKind};
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::surfaces::pim::requests::{DIRECTORY, GROUPS, path, request};
use crate::surfaces::sign_ins::log::{LOG, elsewhere};

/// Looks at everything that names the identity.
pub(crate) fn notices(params: &Params, facts: &Facts, out: &mut Preflight) {
    for named in &facts.manual_references {
        match named {
            ManualReference::Deny(deny) => denial(params, deny, out),
            ManualReference::Pim(pim) => eligible(&facts.graph, pim, out),
            // A step of the plan says what to do.
            ManualReference::Resource(_)
            | ManualReference::Exemption(_)
            | ManualReference::Policy(_)
            | ManualReference::Hsm(_)
            | ManualReference::Eligible(_)
            | ManualReference::Home(_)
            | ManualReference::Keeper(_)
            | ManualReference::Workspace(_) => {}
        }
    }
    unknown(params, facts, out);
    signed_in(params, facts, out);
}

fn denial(params: &Params, deny: &Deny, out: &mut Preflight) {
    let Deny { id, name, scope, excluded, through } = deny;
    let through = through
        .as_ref()
        .map_or_else(String::new, |group| format!(" through group {group}, which the new one does not join"));
    if !excluded {
        let text =
            format!("it denies the old identity at {scope}{through}, and nobody denies the new one ({name})");
        let remedy = "have its owner name the new principal in it too, if it is meant";
        out.warnings.push(notice(NoticeCode::W370, id, text, remedy));
        return;
    }
    let text =
        format!("it excludes the old identity at {scope}{through}, and would deny the new one ({name})");
    if params.options.accepts(id) {
        let remedy = "accepted in the batch file: the plan has a step in which its owner excludes NEW";
        out.warnings.push(notice(NoticeCode::W370, id, text, remedy));
    } else {
        let remedy = "make sure that its owner can exclude the new principal (a deployment stack by its deny \
                      settings), then answer for it: accept_unseen in the batch file, and the plan has a step for it";
        out.blockers.push(notice(NoticeCode::B130, id, text, remedy));
    }
}

fn eligible(graph: &str, pim: &Pim, out: &mut Preflight) {
    let (what, remedy) = match pim.kind {
        PimKind::AzureRole => {
            (format!("role {}", pim.name), "copy it by hand, if anybody needs it".to_owned())
        }
        PimKind::DirectoryRole | PimKind::Group => {
            let what = match pim.kind {
                PimKind::Group => format!("{} of the group", pim.role),
                _ => format!("directory role {}", pim.role),
            };
            let body = request(pim, "adminAssign", "NEW");
            (what, format!("if anybody needs it: POST {graph}/v1.0/{} {body}", path(pim)))
        }
    };
    let until = pim.until.as_ref().map_or_else(String::new, |until| format!(" until {until}"));
    let text = format!(
        "the identity is eligible for {what}{until}: it is not copied, nobody activates for an identity"
    );
    out.warnings.push(notice(NoticeCode::W371, &pim.at, text, remedy));
}

/// Where it signs in, and whether that can be known at all.
fn signed_in(params: &Params, facts: &Facts, out: &mut Preflight) {
    let list = format!("Entra ID: {LOG}");
    let Some(audiences) = &facts.signs_in_to else {
        if params.options.quiet_ms > 0 {
            let text = "the log of sign-ins cannot be read, and the batch file wants a quiet identity";
            let remedy = "get AuditLog.Read.All and Directory.Read.All (and a tenant with Entra ID P1), or leave out quiet";
            out.blockers.push(notice(NoticeCode::B132, &list, text.to_owned(), remedy));
        }
        return;
    };
    let permitted: Vec<&str> = facts.directory.app_roles.iter().map(|role| role.resource.as_str()).collect();
    let roles: Vec<&str> = facts.assignments_of.iter().map(|a| a.role.as_str()).collect();
    for audience in elsewhere(audiences, &permitted, &roles) {
        let text = format!(
            "it signs in to {}, where nothing that this plan can see grants it anything",
            audience.name
        );
        let remedy = "look there for its rights, and give them to the new one before its hosts are switched";
        out.warnings.push(notice(NoticeCode::W380, &audience.id, text, remedy));
    }
}

/// Where nobody can say what ends, a copy could stay for good.
fn unknown(params: &Params, facts: &Facts, out: &mut Preflight) {
    let directory = &facts.directory;
    let owned = directory.owned.iter().any(|owned| owned.collection == "groups");
    let lists = [
        (
            format!("Entra ID: {DIRECTORY}/roleAssignmentSchedules"),
            !directory.roles.is_empty(),
            "directory roles",
        ),
        (format!("Entra ID: {GROUPS}/assignmentSchedules"), !directory.groups.is_empty() || owned, "groups"),
    ];
    for (list, _, what) in lists.into_iter().filter(|(_, any, _)| *any) {
        let missed = facts.gaps.iter().find(|gap| gap.scope == list && !gap.why.contains(NO_LICENCE));
        let Some(_) = missed.filter(|gap| matches!(gap.code, GapCode::Denied | GapCode::Unreadable)) else {
            continue;
        };
        let text = format!("which of its {what} end is not known: copies would be permanent");
        if params.options.accepts(&list) {
            out.warnings.push(notice(NoticeCode::W372, &list, text, "accepted in the batch file"));
        } else {
            let remedy = "get the right to read it, then plan again; or answer for it: accept_unseen in the batch file";
            out.blockers.push(notice(NoticeCode::B131, &list, text, remedy));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::facts::{DirectoryRole, Gap};
    use crate::relocate::testing::{facts, params};

    #[test]
    fn what_ends_and_cannot_be_read_is_a_blocker_only_where_something_could_end() {
        let mut facts = facts();
        let list = format!("Entra ID: {DIRECTORY}/roleAssignmentSchedules");
        let gap = |why: &str| Gap { code: GapCode::Denied, scope: list.clone(), why: why.into() };
        let found = |params: &Params, facts: &Facts| {
            let mut out = Preflight::default();
            notices(params, facts, &mut out);
            (out.blockers.len(), out.warnings.len())
        };
        facts.gaps = vec![gap("Authorization_RequestDenied: no")];
        assert_eq!(found(&params(), &facts), (0, 0), "it has no directory role");
        facts.directory.roles = vec![DirectoryRole { role_definition_id: "r".into(), scope: "/".into() }];
        assert_eq!(found(&params(), &facts), (1, 0));
        let mut answered = params();
        answered.options.accept_unseen.insert(list.to_uppercase());
        assert_eq!(found(&answered, &facts), (0, 1));
        facts.gaps = vec![gap(&format!("{NO_LICENCE}: the tenant has none"))];
        assert_eq!(found(&params(), &facts), (0, 0), "without a licence nothing ends");
    }
}
