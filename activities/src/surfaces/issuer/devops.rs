//! Activities: service connections of Azure DevOps, by the issuer of its own and by that of Entra ID. Pure.
//! Sources: <https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity>,
//! <https://learn.microsoft.com/azure/devops/pipelines/release/troubleshoot-workload-identity>

use crate::commands::names::{is_guid, is_title};
use crate::commands::shell::{quoted, url_part};
use crate::commands::shown;
use crate::surfaces::issuer::known::Told;

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

/// The resource of Azure DevOps, for whoever signs in to its API.
/// Source: <https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/service-principal-managed-identity>
const RESOURCE: &str = "499b84ac-1321-427f-aa17-267ca6975798";

/// What a person does to a connection, by its names or its ids.
/// Source: azure-devops/7.1 (`Endpoints - Get Service Endpoints By Names`, `Get`, `Update Service Endpoint`)
pub(crate) fn told(connection: &str) -> Told {
    let rest = |verb: &str| format!("az rest --method {verb} --resource {RESOURCE} --url ");
    let parts: Vec<&str> = connection.splitn(3, '/').collect();
    let (read, of, first, note) = match parts[..] {
        [organization, project, name] => {
            let [organization, project, name] = [organization, project, name].map(url_part);
            let list = format!(
                "https://dev.azure.com/{organization}/{project}/_apis/serviceendpoint/endpoints?endpointNames={name}&api-version=7.1"
            );
            (list, organization, ".value[0] | ", String::new())
        }
        _ => {
            let [organization, id] = [0, 1].map(|n| parts.get(n).copied().unwrap_or_default());
            let one = format!(
                "https://dev.azure.com/ORGANIZATION/PROJECT/_apis/serviceendpoint/endpoints/{}?api-version=7.1",
                url_part(id)
            );
            let note = format!(
                "ORGANIZATION is the name of the one with the id {}, PROJECT of one of its projects that has the connection; ",
                shown(organization)
            );
            (one, "ORGANIZATION".to_owned(), "", note)
        }
    };
    let write = format!("https://dev.azure.com/{of}/_apis/serviceendpoint/endpoints/");
    Told {
        title: format!("Azure DevOps service connection {connection}: client id"),
        before: format!(
            "{}{} | jq '{first}.authorization.parameters.serviceprincipalid = \"",
            rest("get"),
            quoted(&read)
        ),
        after: format!(
            "\"' > endpoint.json\n{}{}\"$(jq -r .id endpoint.json)\"'?api-version=7.1' --body @endpoint.json\n\
             ({note}or edit service connection {} there: the service principal id), then run a pipeline that uses it once",
            rest("put"),
            quoted(&write),
            shown(connection)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_read_and_written_by_its_names_or_by_its_ids() {
        let named = told("con toso/it's/a/b");
        assert!(named.before.contains("'https://dev.azure.com/con%20toso/it%27s/_apis/serviceendpoint/endpoints?endpointNames=a%2Fb&api-version=7.1' | jq '.value[0] | .authorization"), "{}", named.before);
        assert!(
            named.after.contains("--url https://dev.azure.com/con%20toso/_apis")
                || named.after.contains("'https://dev.azure.com/con%20toso/_apis"),
            "{}",
            named.after
        );
        let numbered = told(&format!("{ORG}/{CONN}"));
        assert!(
            numbered.before.contains(&format!("/ORGANIZATION/PROJECT/_apis/serviceendpoint/endpoints/{CONN}?api-version=7.1' | jq '.authorization")),
            "{}",
            numbered.before
        );
        assert!(numbered.after.contains(&format!("the one with the id {ORG}")), "{}", numbered.after);
    }

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
