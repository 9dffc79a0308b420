//! Activities: components of Dataverse that sign in as an identity: plug-ins, service endpoints, agents of Copilot Studio. Pure.
//! Sources: <https://learn.microsoft.com/power-platform/admin/set-up-managed-identity>,
//! <https://learn.microsoft.com/power-platform/developer/cli/reference/managed-identity>

use crate::commands::names::is_guid;
use crate::surfaces::issuer::known::{Issuer, Told, each};
use crate::surfaces::row::{Row, by_hand};

/// The hosts of Entra ID.
const ENTRA: [&str; 3] =
    ["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"];

pub(crate) struct Dataverse;

impl Issuer for Dataverse {
    fn row(&self) -> Row {
        by_hand("plug-ins and other components of Dataverse", "from the credential's subject: `pac` commands")
    }

    /// `/eid1/c/CLOUD/t/TENANT/a/APPLICATION/n/plugin/e/ENVIRONMENT/…`; what comes after that says by which certificate.
    fn names(&self, host: &str, path: &str, subject: &str) -> Option<Vec<String>> {
        let tenant = path.strip_suffix("/v2.0").filter(|tenant| is_guid(tenant))?;
        let parts: Vec<&str> = subject.split('/').collect();
        let ["", "eid1", "c", _, "t", _, "a", _, "n", kind, "e", environment, ..] = parts[..] else {
            return None;
        };
        let known = ENTRA.iter().any(|entra| entra.eq_ignore_ascii_case(host)) && kind == "plugin";
        (known && is_guid(environment)).then(|| vec![environment.to_owned(), tenant.to_owned()])
    }

    fn told(&self, names: &[String]) -> Told {
        let [environment, tenant] = each(names);
        let update = format!(
            "pac managed-identity update --environment {environment} --component-type PluginAssembly --component-id COMPONENT \
             --tenant-id {tenant} --application-id "
        );
        Told {
            title: format!("Dataverse environment {environment}: client id of its components"),
            before: format!(
                "in environment {environment}, for each component that has the old client id (COMPONENT is its id; others are of \
                 type ServiceEndpoint or CopilotStudio):\n\
                 pac managed-identity get --environment {environment} --component-type PluginAssembly --component-id COMPONENT\n{update}"
            ),
            after: format!(
                "\nthe subject of its credential has the identity in it, so ask for the one of the new identity and put it there:\n\
                 pac managed-identity show-fic --environment {environment} --component-type PluginAssembly --component-id COMPONENT"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40";

    #[test]
    fn components_are_read_by_their_own_grammar_and_service_connections_are_not_theirs() {
        let path = format!("{GUID}/v2.0");
        let found = |host: &str, subject: &str| Dataverse.names(host, &path, subject);
        let head = "/eid1/c/pub/t/Q8pTfaJfZ0yQ6bK1m4lHbA/a/qzXoWDkuqUa3l6zM5mM0Rw";
        let entra = "login.microsoftonline.com";
        let names = Some(vec![GUID.to_owned(), GUID.to_owned()]);
        assert_eq!(found(entra, &format!("{head}/n/plugin/e/{GUID}/h/9f31")), names);
        assert_eq!(found(entra, &format!("{head}/n/plugin/e/{GUID}/i/CN=x/s/CN=y")), names);
        assert_eq!(found("x.example", &format!("{head}/n/plugin/e/{GUID}/h/9f31")), None);
        for subject in ["/n/plugin/e/--all/h/x", "/sc/a/b", "/n/other/e/x", ""] {
            assert_eq!(found(entra, &format!("{head}{subject}")), None, "{subject}");
        }
    }
}
