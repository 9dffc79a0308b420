//! Activities: projects of GitLab. Pure.
//! Source: <https://docs.gitlab.com/ci/secrets/id_token_authentication/>

use crate::commands::names::is_gitlab_project;
use crate::commands::shell::quoted;
use crate::surfaces::issuer::grammar::{one, pairs};
use crate::surfaces::issuer::known::{Issuer, Told, each};
use crate::surfaces::row::{Row, by_hand};

pub(crate) struct GitLab;

impl Issuer for GitLab {
    fn row(&self) -> Row {
        by_hand("pipelines of GitLab projects", "from the credential's subject: a `glab` command")
    }

    /// `project_path:G/P:ref_type:T:ref:R`.
    fn names(&self, host: &str, path: &str, subject: &str) -> Option<Vec<String>> {
        let known = |name: &str| ["project_path", "ref_type", "ref"].contains(&name);
        let pairs = pairs(subject, known, &[]).filter(|_| path.is_empty())?;
        let project = one(&pairs, "project_path").filter(|project| is_gitlab_project(project))?;
        Some([host, project].map(ToOwned::to_owned).into())
    }

    fn told(&self, names: &[String]) -> Told {
        let [host, project] = each(names);
        let at = quoted(&format!("https://{host}/{project}"));
        Told {
            title: format!("GitLab {project} on {host}: client id that its pipelines sign in with"),
            before: format!("glab variable update AZURE_CLIENT_ID --repo {at} --value "),
            after: "\n(or wherever the pipelines keep it: a group's variable, the pipeline file), then run them once"
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_read_by_their_own_grammar() {
        let found = |subject| GitLab.names("gitlab.com", "", subject);
        let names = found("project_path:contoso/team/shop:ref_type:branch:ref:main");
        assert_eq!(names, Some(["gitlab.com", "contoso/team/shop"].map(String::from).into()));
        for subject in [
            "project_path:contoso/*:ref_type:branch:ref:main",
            "project_path:-x/y:ref:main",
            "project_path:a/b;c:ref:main",
            "namespace_path:g",
        ] {
            assert_eq!(found(subject), None, "{subject:?}");
        }
    }
}
