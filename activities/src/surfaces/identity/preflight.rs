//! Activities: what Azure tells of an identity and of its credentials, and this program does not know. Pure.
//!
//! A copy without such a property may allow more than the original did, so somebody has to say that it may be left
//! behind.

use crate::azure::ResourceId;
use crate::relocate::facts::Facts;
use crate::relocate::params::Params;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};

/// Each such property blocks the plan until the batch file answers for it.
pub(crate) fn notices(params: &Params, facts: &Facts, out: &mut Preflight) {
    let old = &facts.identity.identifiers.resource_id;
    let own = facts.identity.unknown.iter().map(|name| (name, old.clone()));
    let of_credential = facts.credentials.iter().flat_map(|credential| {
        let id = ResourceId::from(format!("{old}/federatedIdentityCredentials/{}", credential.name));
        credential.unknown.iter().map(move |name| (name, id.clone()))
    });
    for (name, at) in own.chain(of_credential) {
        let text =
            format!("Azure tells of a property {name:?} that this program does not know: it is not copied");
        let accepted = &params.options.accept_unknown;
        let short = name.strip_prefix("properties.").unwrap_or(name);
        if accepted.iter().any(|known| known == name || known == short) {
            out.warnings.push(notice(NoticeCode::W354, &at, text, "accepted in the batch file"));
        } else {
            let remedy = format!(
                "find out what it means, and set it on the new one by hand if that matters; then answer for it: \
                 accept_unknown = [{name:?}] in the batch file"
            );
            out.blockers.push(notice(NoticeCode::B140, &at, text, remedy));
        }
    }
}
