//! Activities: workspaces of Terraform and projects of GitLab. Pure.
//! Sources: <https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens>,
//! <https://docs.gitlab.com/ci/secrets/id_token_authentication/>

use crate::commands::names::{is_gitlab_project, is_title};
use crate::surfaces::issuer::subject::{Outside, one, pairs};

/// `organization:O:project:P:workspace:W:run_phase:R`.
pub(crate) fn workspace(host: &str, subject: &str) -> Option<Outside> {
    let pairs =
        pairs(subject, |name| ["organization", "project", "workspace", "run_phase"].contains(&name), &[])?;
    let of = |name: &str| one(&pairs, name).filter(|value| is_title(value));
    let (organization, workspace) = (of("organization")?.to_owned(), of("workspace")?.to_owned());
    Some(Outside::Terraform { host: host.to_owned(), organization, workspace })
}

/// `project_path:G/P:ref_type:T:ref:R`.
pub(crate) fn project(host: &str, subject: &str) -> Option<Outside> {
    let pairs = pairs(subject, |name| ["project_path", "ref_type", "ref"].contains(&name), &[])?;
    let project = one(&pairs, "project_path").filter(|project| is_gitlab_project(project))?;
    Some(Outside::GitLab { host: host.to_owned(), project: project.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_and_projects_are_read_by_their_own_grammar() {
        let [host, organization, workspace] = ["app.terraform.io", "contoso", "w"].map(String::from);
        let found = super::workspace(&host, "organization:contoso:project:p:workspace:w:run_phase:apply");
        assert_eq!(found, Some(Outside::Terraform { host, organization, workspace }));
        for subject in [
            "organization:contoso:workspace:*:run_phase:apply",
            "workspace:w",
            "organization:o:x:y:workspace:w",
            "organization:a\nb:workspace:w",
        ] {
            assert_eq!(super::workspace("app.terraform.io", subject), None, "{subject:?}");
        }
        let [host, project] = ["gitlab.com", "contoso/team/shop"].map(String::from);
        let found = super::project(&host, "project_path:contoso/team/shop:ref_type:branch:ref:main");
        assert_eq!(found, Some(Outside::GitLab { host, project }));
        for subject in [
            "project_path:contoso/*:ref_type:branch:ref:main",
            "project_path:-x/y:ref:main",
            "project_path:a/b;c:ref:main",
            "namespace_path:g",
        ] {
            assert_eq!(super::project("gitlab.com", subject), None, "{subject:?}");
        }
    }
}
