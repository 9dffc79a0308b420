//! Graph: the log of sign-ins. Without a word on the kind only those of people are shown, which nobody has here, and
//! only the preview knows kinds.
//!
//! Sources: <https://learn.microsoft.com/graph/api/signin-list>, `signIn` of the preview.

use super::{Question, list};
use crate::http::Reply;
use crate::workload::SignIn;
use crate::world::{Link, World};
use chrono::SecondsFormat;
use serde_json::{Value, json};

/// A list of sign-ins.
pub(super) fn read(world: &World, question: &Question<'_>, origin: &str) -> Result<Reply, Reply> {
    let filter = question.filter.unwrap_or_default();
    let kinds = filter.contains("signInEventTypes");
    if kinds && !question.beta {
        let message = "Could not find a property named 'signInEventTypes' on type 'microsoft.graph.signIn'.";
        return Err(Reply::error(400, "BadRequest", message));
    }
    let wanted = super::options::filter(question.filter)?;
    let told = world.directory_with(&Link::kind("signIn")).into_iter().cloned();
    let mut all: Vec<Value> = world.sign_ins().iter().map(of_identity).chain(told).collect();
    all.retain(|one| wanted.as_ref().is_none_or(|w| w.fits(one)) && (kinds || is_of_a_person(one)));
    Ok(list(origin, "auditLogs/signIns", all))
}

fn is_of_a_person(one: &Value) -> bool {
    one["signInEventTypes"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "interactiveUser"))
}

fn of_identity(one: &SignIn) -> Value {
    let at = one.at.to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({
        "id": format!("{}-{}-{at}", one.principal, one.resource.0), "createdDateTime": at,
        "servicePrincipalId": one.principal, "resourceId": one.resource.0, "resourceDisplayName": one.resource.1,
        "signInEventTypes": ["managedIdentity"], "status": {"errorCode": 0},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_fits_by_its_principal_its_kind_and_its_date() {
        let one = of_identity(&SignIn {
            principal: "p".into(),
            at: "2026-03-01T10:00:00Z".parse().expect("a date"),
            resource: ("r".into(), "Azure Storage".into()),
        });
        let kind = "signInEventTypes/any(t: t eq 'managedIdentity')";
        for (filter, shown) in [
            (
                format!("createdDateTime ge 2026-03-01T09:59:59Z and {kind} and servicePrincipalId eq 'P'"),
                true,
            ),
            (format!("createdDateTime ge 2026-03-01T10:00:01Z and {kind}"), false),
            (format!("createdDateTime le 2026-03-01T10:00:00Z and {kind}"), true),
            (format!("{kind} and servicePrincipalId eq 'q'"), false),
            ("signInEventTypes/any(t: t eq 'servicePrincipal')".to_owned(), false),
        ] {
            let wanted = crate::graph::filter::parse(&filter).expect("a filter");
            assert_eq!(wanted.fits(&one), shown, "{filter}");
        }
    }
}
