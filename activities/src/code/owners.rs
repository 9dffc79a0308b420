//! Activities: whose a file is, as the CODEOWNERS of its repository says. Pure.
//!
//! Source: <https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners>

use crate::azure::is_unseen;

/// A pattern that is longer than this is left out.
const PATTERN_MAX: usize = 256;

/// Where a repository keeps it.
pub const CODEOWNERS: [&str; 4] =
    [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// Who owns what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    rules: Vec<(String, String)>,
}

impl Owners {
    /// What a CODEOWNERS says. What is no rule is left out.
    pub fn of(text: &str) -> Self {
        let rule = |line: &str| {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let mut words = line.split_whitespace();
            let pattern = words.next().filter(|pattern| pattern.len() <= PATTERN_MAX)?;
            let is_rule = !pattern.starts_with(['#', '[', '^', '!']) && !pattern.chars().any(is_unseen);
            let owners: Vec<&str> =
                words.filter(|word| word.contains('@') && !word.chars().any(is_unseen)).collect();
            is_rule.then(|| (pattern.to_ascii_lowercase(), owners.join(" ")))
        };
        Self { rules: text.lines().filter_map(rule).collect() }
    }

    /// Whose a file is: the last rule that fits decides. `path` is from the root of the repository, with slashes.
    pub fn of_file(&self, path: &str) -> Option<&str> {
        let path = path.to_ascii_lowercase();
        let fitting = self.rules.iter().rev().find(|(pattern, _)| fits(pattern, &path))?;
        Some(fitting.1.as_str()).filter(|owners| !owners.is_empty())
    }
}

/// Whether a pattern fits a file, or a folder that it is in.
fn fits(pattern: &str, path: &str) -> bool {
    let is_folder = pattern.ends_with('/');
    let inner = pattern.trim_end_matches('/');
    let anchored = inner.contains('/');
    let inner = inner.trim_start_matches('/');
    let whole = if anchored { inner.to_owned() } else { format!("**/{inner}") };
    // `docs/*` is what stands in a folder itself; a name without a star is a folder's too.
    let below = !inner.ends_with("/*");
    let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
    (!is_folder && matches(whole.as_bytes(), path.as_bytes()))
        || (below && folders.any(|folder| matches(whole.as_bytes(), folder.as_bytes())))
}

/// Whether a pattern is this whole path: a star is anything but a slash, two are anything. In the time of the one times
/// the other, whatever they are.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let (star, length) = match &pattern[at..] {
            [b'*', b'*', b'/', ..] => (Some(true), 3),
            [b'*', b'*', ..] => (Some(true), 2),
            [b'*', ..] => (Some(false), 1),
            _ => (None, 1),
        };
        let mut next = vec![false; path.len() + 1];
        match star {
            // Two stars and a slash are any number of folders, and none.
            Some(true) if length == 3 => {
                let mut any = false;
                for end in 0..=path.len() {
                    any |= reached[end];
                    next[end] = reached[end] || (any && end > 0 && path[end - 1] == b'/');
                }
            }
            Some(across) => {
                let mut open = false;
                for end in 0..=path.len() {
                    open = reached[end] || (open && (across || path[end - 1] != b'/'));
                    next[end] = open;
                }
            }
            None => {
                for end in 0..path.len() {
                    let is = path[end] == pattern[at] || (pattern[at] == b'?' && path[end] != b'/');
                    next[end + 1] = reached[end] && is;
                }
            }
        }
        reached = next;
        at += length;
    }
    reached[path.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_fits_says_whose_a_file_is() {
        let text = "# who\n* @contoso/all\n*.tf @contoso/infra # iac\n/apps/pay/ @pay a@contoso.example\ndocs/* @docs\n\
                    **/charts @k8s\n/apps/pay/free\n[Section] @x\n";
        let owners = Owners::of(text);
        for (path, wanted) in [
            ("README.md", Some("@contoso/all")),
            ("a/b/main.tf", Some("@contoso/infra")),
            ("apps/pay/main.tf", Some("@pay a@contoso.example")),
            ("x/apps/pay/main.tf", Some("@contoso/infra")),
            ("docs/a.md", Some("@docs")),
            ("docs/deep/a.md", Some("@contoso/all")),
            ("a/charts/x/values.yaml", Some("@k8s")),
            ("apps/pay/free", None),
        ] {
            assert_eq!(owners.of_file(path), wanted, "{path}");
        }
        assert_eq!(Owners::default().of_file("x"), None);
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_another() {
        let owners = Owners::of(&format!("{}b @x\n*\u{1b}[2J @y\n", "*a".repeat(100)));
        assert_eq!(owners.of_file(&"a".repeat(4_000)), None);
    }
}
