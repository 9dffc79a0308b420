//! Activities: what could not be read, or is told in two ways, before anything is written. Pure.

use crate::azure::errors::NO_LICENCE;
use crate::relocate::facts::{Assignment, Facts, Gap, GapCode};
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Notice, Preflight, notice};
use crate::surfaces::role_assignment::facts::SCHEDULES;
use serde_json::json;

/// Gaps: what could not be read blocks the plan until somebody answers for it by name.
pub(crate) fn notices(params: &Params, facts: &Facts, out: &mut Preflight) {
    for gap in facts.gaps.iter().filter(|gap| gap.scope.ends_with(SCHEDULES)) {
        let above = gap.scope.split("/providers/Microsoft.Authorization").next().unwrap_or_default();
        let within = |a: &&Assignment| a.scope.is_at_or_below(above);
        if facts.assignments_of.iter().chain(&facts.assignments_on).any(|a| within(&a)) {
            let text = "which of its role assignments here end is not known: copies would be permanent";
            let remedy = "get Microsoft.Authorization/roleAssignmentSchedules/read, then plan again";
            out.blockers.push(notice(NoticeCode::B121, above, text, remedy));
        }
    }
    for gap in &facts.gaps {
        let (code, remedy) = match gap.code {
            GapCode::Denied | GapCode::Unreadable if gap.why.contains(NO_LICENCE) => {
                (NoticeCode::W350, "without the licence there is nothing to be read")
            }
            GapCode::Denied | GapCode::Unreadable if params.options.accepts(&gap.scope) => {
                (NoticeCode::W350, "answered for in the batch file")
            }
            GapCode::Denied | GapCode::Unreadable => {
                unread(gap, out);
                continue;
            }
            GapCode::Disagreement => {
                (NoticeCode::W351, "usually an index that is behind: plan again in some minutes")
            }
            GapCode::Unseen if params.options.accepts(&gap.scope) => {
                (NoticeCode::W352, "accepted in the batch file")
            }
            GapCode::Unseen => (NoticeCode::W352, "find out who owns it"),
        };
        out.warnings.push(notice(code, &gap.scope, gap.why.clone(), remedy));
    }
}

/// What could not be read may be anything: nothing is planned around it unless somebody has looked there.
fn unread(gap: &Gap, out: &mut Preflight) {
    let above =
        gap.scope.strip_suffix(SCHEDULES).and_then(|s| s.strip_suffix("/providers/Microsoft.Authorization"));
    let said = |known: &Notice| {
        known.target.eq_ignore_ascii_case(&gap.scope)
            || known.code == NoticeCode::B121.code() && above == Some(known.target.as_str())
    };
    if out.blockers.iter().any(said) {
        return;
    }
    let remedy = format!(
        "get the right to read it, or wait until it answers, then plan again; or look there yourself and answer for \
         it in the batch file: accept_unseen = [{}]",
        json!(gap.scope)
    );
    out.blockers.push(notice(
        NoticeCode::B133,
        &gap.scope,
        format!("it could not be read: {}", gap.why),
        remedy,
    ));
}
