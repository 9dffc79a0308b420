//! CLI: the command that a person types next, as it works when it is pasted. Pure.

use std::path::Path;

/// The flags of this call that the next one needs too. What came from the environment is still there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    /// ` --db FILE`, where the log was named by a flag.
    pub(crate) log: String,
    /// ` --cloud URL`, and what belongs to it, where the cloud was named by a flag.
    pub(crate) cloud: String,
}

/// Commands that read the cloud before any log says which one it is.
const WITHOUT_A_LOG: [&str; 2] = ["rehome plan ", "rehome discover "];

/// Commands that take no log, or name one.
const NO_FLAGS: [&str; 7] = [
    "rehome rehearse ",
    "rehome sim ",
    "rehome completion ",
    "rehome man ",
    "rehome explain ",
    "rehome init ",
    "rehome schema ",
];

impl Hints {
    /// A line with a command in it, and that command with the flags that it needs. Two spaces end a command.
    pub(crate) fn complete(&self, line: &str) -> String {
        let Some(at) = line.match_indices("rehome ").map(|(at, _)| at).find(|at| begins(line, *at)) else {
            return line.to_owned();
        };
        let (before, rest) = line.split_at(at);
        let (command, after) = rest.split_at(rest.find("  ").unwrap_or(rest.len()));
        let reads_cloud =
            WITHOUT_A_LOG.iter().any(|c| command.starts_with(c)) && !command.contains(" --cloud");
        let cloud = if reads_cloud { self.cloud.as_str() } else { "" };
        let names_log = command.contains(" --db ") || command.contains(" --db=");
        let takes_log = !names_log && !NO_FLAGS.iter().any(|c| command.starts_with(c));
        let log = if takes_log { self.log.as_str() } else { "" };
        format!("{before}{command}{cloud}{log}{after}")
    }
}

/// Whether a command begins here, and is not named in the middle of a sentence.
fn begins(line: &str, at: usize) -> bool {
    at == 0 || line[..at].ends_with(": ") || line[..at].ends_with(":  ") || line[..at].ends_with("  ")
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The path of a file as a shell takes it.
pub(crate) fn file(path: &Path) -> String {
    let shown = path.display().to_string();
    // A name that looks like a flag is one of this folder.
    if shown.starts_with('-') { quoted(&format!("./{shown}")) } else { quoted(&shown) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_the_flags_that_it_needs_and_a_sentence_stays_as_it_is() {
        let hints = Hints { log: " --db 'my log'".to_owned(), cloud: " --cloud usgov".to_owned() };
        for (line, completed) in [
            ("rehome status", "rehome status --db 'my log'"),
            ("rehome status      shows both", "rehome status --db 'my log'      shows both"),
            (
                "or, when it is gone:  rehome db reconcile --reason TEXT",
                "or, when it is gone:  rehome db reconcile --reason TEXT --db 'my log'",
            ),
            (
                "rehome plan -f b.toml --save plan.json",
                "rehome plan -f b.toml --save plan.json --cloud usgov --db 'my log'",
            ),
            ("rehome plan -f b.toml --cloud azure", "rehome plan -f b.toml --cloud azure --db 'my log'"),
            ("rehome audit verify --db BACKUP", "rehome audit verify --db BACKUP"),
            ("rehome rehearse examples/contoso", "rehome rehearse examples/contoso"),
            ("name a file that `rehome db backup` wrote", "name a file that `rehome db backup` wrote"),
        ] {
            assert_eq!(hints.complete(line), completed);
            assert_eq!(Hints::default().complete(line), line);
        }
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_something_else() {
        for (word, shown) in [
            ("plan.json", "plan.json"),
            ("my plan", "'my plan'"),
            ("it's", "'it'\\''s'"),
            ("$x", "'$x'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shown);
        }
        assert_eq!(file(Path::new("-f")), "./-f");
    }
}
