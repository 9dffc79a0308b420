//! Activities: subjects of GitHub Actions: the default forms, those with numbers of July 2026, and templates of one's
//! own, of github.com, of GHE.com and of GitHub Enterprise Server. Pure.
//! Sources: <https://docs.github.com/actions/reference/security/oidc>,
//! <https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/>

use crate::commands::names::{is_github_owner, is_github_repository, is_title};
use crate::surfaces::issuer::grammar::{one, pairs};
use crate::surfaces::issuer::outside::Outside;

/// The claims that a template may put into a subject, beside the context, which brings its own.
const CLAIMS: [&str; 25] = [
    "actor",
    "actor_id",
    "base_ref",
    "enterprise",
    "enterprise_id",
    "environment",
    "event_name",
    "head_ref",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "ref_protected",
    "ref_type",
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "run_id",
    "runner_environment",
    "workflow",
    "workflow_ref",
    "workflow_sha",
];

/// Which server of GitHub issues tokens under this address: none of its own for github.com.
pub(crate) fn server(host: &str, path: &str) -> Option<Option<String>> {
    let host = host.to_ascii_lowercase();
    // An enterprise may have its own issuer below that of everybody.
    if host == "token.actions.githubusercontent.com" && !path.contains('/') {
        return Some(None);
    }
    if let Some(server) = host.strip_prefix("token.actions.").filter(|server| server.ends_with(".ghe.com")) {
        return path.is_empty().then(|| Some(server.to_owned()));
    }
    (path == "_services/token").then_some(Some(host))
}

/// The repository that a subject is of; `None` where it names none, or says something that is not understood.
pub(crate) fn repository(host: Option<String>, subject: &str) -> Option<Outside> {
    let known = |name: &str| CLAIMS.contains(&name) || name.starts_with("repo_property_");
    let pairs = pairs(subject, known, &["pull_request"])?;
    let (repository, number) = match (one(&pairs, "repo"), one(&pairs, "repository")) {
        (Some(repository), _) => numbered(repository)?,
        (None, Some(repository)) => named(repository).map(|name| (name, None))?,
        (None, None) => return None,
    };
    let environment = match one(&pairs, "environment") {
        // A colon within a value is written so.
        Some(name) => {
            Some(name.replace("%3A", ":").replace("%3a", ":")).filter(|name| is_title(name)).map(Some)?
        }
        None if pairs.iter().any(|(name, _)| *name == "environment") => return None,
        None => None,
    };
    Some(Outside::GitHub { host, repository, number, environment })
}

fn named(text: &str) -> Option<String> {
    let (owner, name) = text.split_once('/')?;
    (is_github_owner(owner) && is_github_repository(name)).then(|| text.to_owned())
}

/// `owner/name`, or `owner@1/name@2`.
fn numbered(text: &str) -> Option<(String, Option<String>)> {
    let (owner, name) = text.split_once('/')?;
    let is_number =
        |text: &str| !text.is_empty() && text.len() <= 20 && text.chars().all(|c| c.is_ascii_digit());
    match (owner.split_once('@'), name.split_once('@')) {
        (None, None) => named(text).map(|name| (name, None)),
        (Some((owner, of)), Some((name, number))) if is_number(of) && is_number(number) => {
            named(&format!("{owner}/{name}")).map(|name| (name, Some(number.to_owned())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(subject: &str) -> Option<(String, Option<String>, Option<String>)> {
        match repository(None, subject)? {
            Outside::GitHub { repository, number, environment, .. } => {
                Some((repository, number, environment))
            }
            _ => None,
        }
    }

    #[test]
    fn each_form_of_subject_names_its_repository_and_its_environment() {
        let text = |text: &str| Some(text.to_owned());
        for (subject, repository, number, environment) in [
            ("repo:contoso/shop:ref:refs/heads/main", "contoso/shop", None, None),
            ("repo:contoso/shop:pull_request", "contoso/shop", None, None),
            ("repo:contoso/shop:environment:Prod (EU)", "contoso/shop", None, text("Prod (EU)")),
            ("repo:contoso/shop:environment:a%3Ab", "contoso/shop", None, text("a:b")),
            ("repo:contoso@111/shop@222:ref:refs/heads/main", "contoso/shop", text("222"), None),
            ("repo:contoso@111/shop@222:environment:prod", "contoso/shop", text("222"), text("prod")),
            (
                "repo:o/r:environment:p:job_workflow_ref:o/ci/.github/workflows/d.yml@refs/heads/main",
                "o/r",
                None,
                text("p"),
            ),
            ("repository:o/r:ref_type:tag", "o/r", None, None),
        ] {
            assert_eq!(found(subject), Some((repository.to_owned(), number, environment)), "{subject}");
        }
    }

    #[test]
    fn what_names_no_repository_or_is_not_of_the_grammar_is_not_understood() {
        for subject in [
            "repository_owner:contoso:environment:prod",
            "job_workflow_ref:contoso/ci/.github/workflows/d.yml@refs/heads/main",
            "repository_id:222",
            "repo:contoso@111/shop:ref:x",
            "repo:contoso/shop@222:ref:x",
            "repo:o@x/r@1:ref:x",
            "repo:--repo/x:ref:y",
            "repo:o/r/s:ref:x",
            "repo:o/..:ref:x",
            "repo:o/r:unknown:x",
            "repo:o/r:environment:",
            "repo:o/r:environment:a\nb",
            "repo:o/r:environment:--x",
            "repo:o/r:repo:p/q",
            "repo:o/r:environment:a:environment:b",
            "contoso/shop",
            "",
            "*",
        ] {
            assert_eq!(found(subject), None, "{subject:?}");
        }
    }

    #[test]
    fn servers_are_told_by_the_address_that_issues_their_tokens() {
        let of = |host: &str, path: &str| server(host, path);
        assert_eq!(of("token.actions.githubusercontent.com", ""), Some(None));
        assert_eq!(of("token.actions.githubusercontent.com", "contoso"), Some(None));
        assert_eq!(of("token.actions.contoso.ghe.com", ""), Some(Some("contoso.ghe.com".into())));
        assert_eq!(of("git.contoso.com", "_services/token"), Some(Some("git.contoso.com".into())));
        assert_eq!(of("gitlab.com", ""), None);
        assert_eq!(of("token.actions.evil.com", ""), None);
    }
}
