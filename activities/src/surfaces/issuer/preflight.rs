//! Activities: what somebody should know of who issues the tokens that an identity takes. Pure.

use crate::relocate::facts::Facts;
use crate::relocate::preflight::code::NoticeCode;
use crate::relocate::preflight::notice::{Preflight, notice};
use crate::surfaces::cluster::bindings::copied;
use crate::surfaces::issuer::devops::is_retired;

/// Looks at the issuer of each credential.
pub(crate) fn notices(facts: &Facts, out: &mut Preflight) {
    for credential in copied(facts).filter(|credential| is_retired(&credential.issuer)) {
        let text = format!(
            "federated credential {} is of the issuer of Azure DevOps, whose tokens end on 2027-07-01",
            credential.name
        );
        let remedy = "it is copied as it is; convert its service connection to the issuer of Entra ID, once its \
                      client id is the new one, and give the new identity the credential that it then shows";
        out.warnings.push(notice(NoticeCode::W332, &facts.identity.identifiers.resource_id, text, remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing::facts;

    #[test]
    fn a_credential_of_the_issuer_that_is_retired_is_a_warning() {
        let mut facts = facts();
        let found = |facts: &Facts| {
            let mut out = Preflight::default();
            notices(facts, &mut out);
            out.warnings.iter().filter(|notice| notice.code == "W332").count()
        };
        facts.credentials[0].issuer =
            "https://vstoken.dev.azure.com/6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40".into();
        assert_eq!(found(&facts), 1);
        facts.credentials[0].issuer = "https://login.microsoftonline.com/t/v2.0".into();
        assert_eq!(found(&facts), 0);
    }
}
