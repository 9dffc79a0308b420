//! Activities: the grammar of each kind of name that stands in commands. What does not follow it was not understood,
//! and no command is made of it. Pure.

use super::is_unfit;

/// A GUID in its usual form, as every id of Entra ID is.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36 && text.is_ascii() && uuid::Uuid::try_parse(text).is_ok()
}

/// A label of the domain name system, as namespaces of Kubernetes are.
/// Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Labels with dots between, as service accounts of Kubernetes are.
/// Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names>
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// A host name without a port, in any case.
pub(crate) fn is_host(text: &str) -> bool {
    text.contains('.') && is_subdomain(&text.to_ascii_lowercase())
}

/// A user or an organization of GitHub; those that an enterprise manages have its short name behind `_`.
pub(crate) fn is_github_owner(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(inner)
}

/// A repository of GitHub.
pub(crate) fn is_github_repository(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=100).contains(&text.len())
        && !matches!(text, "." | "..")
        && !text.starts_with('-')
        && text.chars().all(inner)
}

/// A project of GitLab with its groups: `group/subgroup/project`.
/// Source: <https://docs.gitlab.com/user/reserved_names/#rules-for-usernames-project-and-group-names-and-slugs>
pub(crate) fn is_gitlab_project(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    text.len() <= 512 && text.contains('/') && text.split('/').all(part)
}

/// What people call something where most characters are allowed: an environment, a project, a connection.
pub(crate) fn is_title(text: &str) -> bool {
    let odd = |c: char| is_unfit(c) || c == '*' || c == '?';
    (1..=255).contains(&text.chars().count())
        && !text.chars().any(odd)
        && !text.starts_with(['-', ' '])
        && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_their_grammar_says_and_nothing_else_is_a_name() {
        let guid = "6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40";
        assert!(is_guid(guid) && is_guid(&guid.to_uppercase()));
        for not in [
            "",
            "x'; DROP USER u",
            "{6f2c1f43-3a0b-4a52-9c8e-0d6d1d2e3f40}",
            &guid.replace('-', ""),
            &format!("{guid}\n"),
        ] {
            assert!(!is_guid(not), "{not:?}");
        }
        assert!(is_label("pay") && is_subdomain("a.b-1") && is_host("Contoso.ghe.com"));
        for not in ["--all", "-a", "a-", "A", "a_b", "", "a.b", "a\n", "a b"] {
            assert!(!is_label(not), "{not:?}");
        }
        for not in ["a..b", ".a", "--all", "a/b", "localhost"] {
            assert!(!is_host(not), "{not:?}");
        }
        assert!(is_github_owner("jonas_contoso") && is_github_repository(".github"));
        for not in ["-o", "o@1", "o r", "", "o/r", "o\n"] {
            assert!(!is_github_owner(not) && !is_github_repository(not), "{not:?}");
        }
        assert!(!is_github_repository("..") && is_gitlab_project("g/s/p.x"));
        for not in ["p", "/p", "g//p", "-g/p", "g/p;x", "g/*"] {
            assert!(!is_gitlab_project(not), "{not:?}");
        }
        assert!(is_title("Prod (EU) & 'more'") && !is_title("--x") && !is_title("a\nb") && !is_title("a*"));
    }
}
