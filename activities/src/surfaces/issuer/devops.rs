//! Activities: service connections of Azure DevOps, by the issuer of its own and by that of Entra ID. Pure.
//! Sources: <https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity>,
//! <https://learn.microsoft.com/azure/devops/pipelines/release/troubleshoot-workload-identity>

use crate::commands::names::{is_guid, is_title};

/// The host of the issuer that Azure DevOps has had, and retires.
const OWN: &str = "vstoken.dev.azure.com";

/// The hosts of Entra ID.
const ENTRA: [&str; 3] =
    ["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"];

/// Whether tokens of this issuer end on 1 July 2027.
/// Source: <https://devblogs.microsoft.com/devops/retirement-of-azure-devops-issuer-in-workload-identity-federation-service-connections/>
pub(crate) fn is_retired(issuer: &str) -> bool {
    crate::surfaces::issuer::grammar::issuer(issuer).is_some_and(|(host, _)| host.eq_ignore_ascii_case(OWN))
}

/// The connection that a subject is of.
pub(crate) fn connection(host: &str, path: &str, subject: &str) -> Option<String> {
    if host.eq_ignore_ascii_case(OWN) {
        return is_guid(path).then(|| named(subject))?;
    }
    let tenant = path.strip_suffix("/v2.0")?;
    let entra = ENTRA.iter().any(|entra| entra.eq_ignore_ascii_case(host)) && is_guid(tenant);
    entra.then(|| numbered(subject))?
}

/// `sc://organization/project/connection`; the last may have slashes of its own.
fn named(subject: &str) -> Option<String> {
    let names = subject.strip_prefix("sc://")?;
    let parts: Vec<&str> = names.splitn(3, '/').collect();
    (parts.len() == 3 && parts.into_iter().all(is_title)).then(|| names.to_owned())
}

/// `/eid1/c/CLOUD/t/TENANT/a/APPLICATION/sc/ORGANIZATION/CONNECTION`, of which the last two are ids.
fn numbered(subject: &str) -> Option<String> {
    let parts: Vec<&str> = subject.split('/').collect();
    let ["", "eid1", "c", cloud, "t", tenant, "a", application, "sc", organization, connection] = parts[..]
    else {
        return None;
    };
    let encoded =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let known =
        [cloud, tenant, application].into_iter().all(encoded) && is_guid(organization) && is_guid(connection);
    known.then(|| format!("{organization}/{connection}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: &str = "6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40";
    const CONN: &str = "7f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f41";

    #[test]
    fn both_issuers_are_read_by_their_own_grammar() {
        let own = |subject: &str| connection(OWN, ORG, subject);
        assert_eq!(own("sc://contoso/Shop & more/azure prod"), Some("contoso/Shop & more/azure prod".into()));
        for subject in [
            "sc://org/conn",
            "sc://org/proj/conn\ncurl http://evil",
            "contoso/p/c",
            "sc:////",
            "sc://a/b/--x",
        ] {
            assert_eq!(own(subject), None, "{subject:?}");
        }
        assert_eq!(connection("x.example", "ado", "sc://org/proj/conn"), None, "somebody else's");
        let path = format!("{ORG}/v2.0");
        let entra = |subject: &str| connection("login.microsoftonline.com", &path, subject);
        let head = "/eid1/c/pub/t/Q8pTfaJfZ0yQ6bK1m4lHbA/a/rISbSSrQ6kyYFHtsHcJ4-Q";
        assert_eq!(entra(&format!("{head}/sc/{ORG}/{CONN}")), Some(format!("{ORG}/{CONN}")));
        for subject in [
            format!("{head}/n/plugin/e/x"),
            format!("{head}/sc/{ORG}/x"),
            format!("{head}/sc/{ORG}/{CONN}/y"),
            "sc://o/p/c".into(),
        ] {
            assert_eq!(entra(&subject), None, "{subject}");
        }
        assert!(
            is_retired(&format!("https://{OWN}/{ORG}"))
                && !is_retired("https://login.microsoftonline.com/t/v2.0")
        );
    }
}
