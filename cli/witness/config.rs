//! CLI: to whom a batch file hands the checkpoints of the log. A part of what is approved. Pure.

use crate::hooks::config::{Flaw, address};
use serde::{Deserialize, Serialize};

/// Who keeps the signed ends of the log where whoever runs it cannot write them anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witnesses {
    /// A folder that each goes to as a new file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<String>,
    /// A work tree of Git: each is committed there, and pushed where its branch has an upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) git: Option<String>,
    /// A program with its arguments, which gets each on standard input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) command: Vec<String>,
    /// An address that each is posted to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

impl Witnesses {
    /// Everything that is wrong with them.
    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut add = |key, what: &str, remedy| flaws.push(Flaw { key, what: what.to_owned(), remedy });
        if self.command.first().is_some_and(String::is_empty) || self.command.iter().any(|w| w.contains('\0'))
        {
            add("command", "command names no program", "a program with its arguments: [\"./keep.sh\"]");
        }
        for (key, place) in [("folder", &self.folder), ("git", &self.git)] {
            if place.as_ref().is_some_and(|place| place.is_empty() || place.contains('\0')) {
                add(key, "it names no folder", "a folder that is there: \"/mnt/audit/rehome\"");
            }
        }
        if *self == Self::default() {
            add("witness", "[witness] names nobody", "add folder, git, command or url");
        }
        // A checkpoint is signed and says nothing of a cloud, but who answers has to be who was meant.
        if let Some(Err((what, remedy))) = self.url.as_deref().map(|url| address(url, false)) {
            add("url", what, remedy);
        }
        flaws
    }

    /// Who they are.
    pub(crate) fn names(&self) -> Vec<String> {
        let folder = self.folder.as_ref().map(|folder| format!("the folder {folder}"));
        let git = self.git.as_ref().map(|git| format!("the Git work tree {git}"));
        let program = (!self.command.is_empty()).then(|| format!("the program {}", self.command.join(" ")));
        let url = self.url.as_ref().map(|url| format!("the webhook {url}"));
        [folder, git, program, url].into_iter().flatten().collect()
    }

    /// The same in one line for people.
    pub(crate) fn line(&self) -> String {
        format!("witness: checkpoints of the log go to {}", self.names().join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_is_somebody_and_can_be_reached_by_nobody_on_the_way() {
        let flaws = |witnesses: &Witnesses| witnesses.flaws().len();
        let url = |url: &str| Witnesses { url: Some(url.to_owned()), ..Witnesses::default() };
        assert_eq!(flaws(&Witnesses::default()), 1);
        assert_eq!(flaws(&url("https://a.example/x")) + flaws(&url("http://127.0.0.1:8/x")), 0);
        assert_eq!(flaws(&url("http://a.example/x")), 1);
        assert_eq!(flaws(&Witnesses { folder: Some(String::new()), ..Witnesses::default() }), 1);
        let two = Witnesses {
            git: Some("/srv/audit".to_owned()),
            command: vec!["keep".to_owned()],
            ..Witnesses::default()
        };
        assert!(
            two.flaws().is_empty()
                && two.line().ends_with("the Git work tree /srv/audit and the program keep")
        );
    }
}
