//! Activities: workspaces of HCP Terraform and of Terraform Enterprise. Pure.
//! Source: <https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens>

use crate::commands::names::is_title;
use crate::surfaces::issuer::grammar::{one, pairs};
use crate::surfaces::issuer::known::{Issuer, Told, each};
use crate::surfaces::row::{Row, by_hand};

pub(crate) struct Terraform;

impl Issuer for Terraform {
    fn row(&self) -> Row {
        by_hand("runs of Terraform workspaces", "from the credential's subject")
    }

    /// `organization:O:project:P:workspace:W:run_phase:R`.
    fn names(&self, host: &str, path: &str, subject: &str) -> Option<Vec<String>> {
        let known = |name: &str| ["organization", "project", "workspace", "run_phase"].contains(&name);
        let pairs = pairs(subject, known, &[]).filter(|_| path.is_empty())?;
        let of = |name: &str| one(&pairs, name).filter(|value| is_title(value));
        Some([host, of("organization")?, of("workspace")?].map(ToOwned::to_owned).into())
    }

    fn told(&self, names: &[String]) -> Told {
        let [host, organization, workspace] = each(names);
        Told {
            title: format!("Terraform workspace {organization}/{workspace} on {host}: client id of its runs"),
            before: format!(
                "in workspace {workspace} of organization {organization} on {host}, or in the variable set that it has them from,\n\
                 set TFC_AZURE_RUN_CLIENT_ID (or TFC_AZURE_PLAN_CLIENT_ID and TFC_AZURE_APPLY_CLIENT_ID) to "
            ),
            after: "\nthen start a plan there".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_are_read_by_their_own_grammar() {
        let found = |subject| Terraform.names("app.terraform.io", "", subject);
        let names = found("organization:contoso:project:p:workspace:w:run_phase:apply");
        assert_eq!(names, Some(["app.terraform.io", "contoso", "w"].map(String::from).into()));
        for subject in [
            "organization:contoso:workspace:*:run_phase:apply",
            "workspace:w",
            "organization:o:x:y:workspace:w",
            "organization:a\nb:workspace:w",
        ] {
            assert_eq!(found(subject), None, "{subject:?}");
        }
    }
}
