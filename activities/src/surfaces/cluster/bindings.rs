//! Activities: what AKS keeps for an identity that is bound to a cluster. Pure.
//!
//! The first identity binding of an identity makes AKS put a federated credential on it, one for all of them, whose
//! issuer ends in the identity's own client id. A copy of that would let nobody in: AKS puts another one on the new
//! identity when that is bound. A binding itself keeps the identity that it was made with.
//! Source: <https://learn.microsoft.com/azure/aks/identity-bindings> (the form of the issuer, and that AKS keeps the
//! credential), the client library of containerservice (`managedIdentity` can be given at creation only). The host
//! of the issuer is published for the public cloud; in others only its beginning is taken for granted.

use crate::relocate::facts::{Facts, FederatedCredential};

/// The type of identity bindings, in lower case.
pub(crate) const BINDINGS: &str = "microsoft.containerservice/managedclusters/identitybindings";

/// Whether this type is an identity binding.
pub(crate) fn is_binding(kind: &str) -> bool {
    kind.eq_ignore_ascii_case(BINDINGS)
}

/// Whether AKS made a credential for the bindings of the identity with this client id. Its name alone says nothing:
/// anybody may give that to one of theirs.
pub(crate) fn is_made_by_aks(credential: &FederatedCredential, client_id: &str) -> bool {
    let issuer = credential.issuer.to_ascii_lowercase();
    let mut parts = issuer.strip_prefix("https://").unwrap_or_default().trim_end_matches('/').split('/');
    let host = parts.next().unwrap_or_default();
    host.starts_with("ib.oic.")
        && parts.nth(1).is_some_and(|id| id.eq_ignore_ascii_case(client_id))
        && parts.next().is_none()
}

/// The credentials that are copied.
pub(crate) fn copied(facts: &Facts) -> impl Iterator<Item = &FederatedCredential> {
    let own = &facts.identity.identifiers.client_id;
    facts.credentials.iter().filter(|credential| !is_made_by_aks(credential, own))
}

/// The credentials that AKS made.
pub(crate) fn made_by_aks(facts: &Facts) -> impl Iterator<Item = &FederatedCredential> {
    let own = &facts.identity.identifiers.client_id;
    facts.credentials.iter().filter(|credential| is_made_by_aks(credential, own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::testing;

    #[test]
    fn the_credential_of_bindings_is_known_by_an_issuer_that_ends_in_the_own_client_id() {
        let made = |issuer: &str| {
            let credential =
                FederatedCredential { issuer: issuer.to_owned(), ..testing::facts().credentials.remove(0) };
            is_made_by_aks(&credential, testing::CLIENT)
        };
        let tenant = "https://ib.oic.prod-aks.azure.com/7a1c9f52-0000-4000-8000-00000000c0de";
        assert!(made(&format!("{tenant}/{}", testing::CLIENT)));
        assert!(made(&format!("{tenant}/{}/", testing::CLIENT.to_uppercase())));
        assert!(!made(&format!("{tenant}/1c0e0000-0000-4000-8000-0000000000a5")), "of another identity");
        assert!(!made(&format!("{tenant}/x/{}", testing::CLIENT)));
        assert!(!made(&format!("https://westeurope.oic.prod-aks.azure.com/t/{}/", testing::CLIENT)));
        assert!(!made(&format!("http://ib.oic.prod-aks.azure.com/t/{}", testing::CLIENT)));
    }
}
