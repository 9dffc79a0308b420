//! CLI: the first page of the help: the commands in the order in which a batch needs them. Pure.

use crate::help_examples::EXAMPLES;
use crate::hint::quoted;
use crate::put::{put, putln};
use clap::Command;
use std::fmt::Write;

/// The commands under their headings.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "THE WORK, in order",
        &[
            "init", "discover", "scan", "plan", "report", "diff", "approve", "run", "ack", "verify",
            "cleanup", "rollback", "handoff",
        ],
    ),
    ("WATCHING", &["status", "watch", "wait", "notify", "history", "show", "graph", "timeline", "serve"]),
    (
        "STEERING",
        &[
            "pause",
            "resume",
            "throttle",
            "hold",
            "release",
            "retry",
            "skip",
            "mark-done",
            "adopt",
            "abandon",
            "note",
        ],
    ),
    (
        "PROOF",
        &[
            "audit verify",
            "audit head",
            "audit checkpoint",
            "audit bundle",
            "audit reconcile",
            "audit explain",
            "replay",
        ],
    ),
    (
        "SETTING UP",
        &[
            "rehearse",
            "sim serve",
            "doctor",
            "config",
            "db init",
            "db backup",
            "db restore",
            "db reconcile",
            "schema",
            "explain",
            "completion",
            "man",
        ],
    ),
];

const END: &str = "\
Examples:
  rehome rehearse examples/contoso               # practise; nothing is touched
  rehome plan -f batch.toml --cloud azure --save plan.json
  rehome approve plan.json --reason 'change 4711' --yes
  rehome run plan.json --yes

`rehome COMMAND --help` tells more. Exit codes: 0 done, 1 failed, 2 usage,
3 not found, 4 not permitted, 10 some failed or were left out, 11 only people or
clocks are left, 12 blocked, 13 stale, 14 differences found, 15 the log is
damaged, 16 another runner is at work, 17 somebody is needed. Codes may be
added: an unknown code is a failure.

No telemetry, no update checks. Nothing is sent anywhere but to the cloud that
you name, to whom a batch file's [hooks] and [witness] name, and to a receiver
of OTLP that is named.";

/// Columns of the names on the first page.
const NAMES: usize = 16;

/// The name that a shell finds the program by.
const PROGRAM: &str = "rehome";

/// The same commands, with a first page that groups them, and with what is typed most at the end of each page.
pub(crate) fn grouped(mut command: Command) -> Command {
    for (name, examples) in EXAMPLES {
        let mut text = "Examples:".to_owned();
        for words in *examples {
            let words: Vec<String> =
                name.split(' ').map(ToOwned::to_owned).chain(words.iter().map(|word| quoted(word))).collect();
            put!(text, "\n  {PROGRAM} {}", words.join(" "));
        }
        let words: Vec<&str> = name.split(' ').collect();
        command = at(command, &words, |of| of.after_help(text));
    }
    let mut page = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (heading, names) in GROUPS {
        putln!(page, "\n{heading}");
        for name in *names {
            let about = find(&command, name).and_then(Command::get_about).map(ToString::to_string);
            let about = about.unwrap_or_default();
            putln!(page, "  {name:<NAMES$}  {about}");
        }
    }
    page.push_str("\nGlobal options:\n{options}{after-help}");
    command.help_template(page).after_help(END)
}

/// Changes a command that is so far below another one.
fn at(command: Command, words: &[&str], change: impl FnOnce(Command) -> Command) -> Command {
    match words {
        [] => change(command),
        [first, rest @ ..] if command.find_subcommand(first).is_some() => {
            let rest: Vec<&str> = rest.to_vec();
            // The change is made once, and its size must be known.
            let change: Box<dyn FnOnce(Command) -> Command + '_> = Box::new(change);
            command.mut_subcommand(*first, |below| at(below, &rest, change))
        }
        [..] => command,
    }
}

/// A command by its name, which has two words where it belongs to another one.
fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Command> {
    name.split(' ').try_fold(command, |of, word| of.find_subcommand(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Cli;
    use clap::CommandFactory;

    /// Every command that does something, by its name.
    fn all(command: &Command, prefix: &str) -> Vec<String> {
        let below = command.get_subcommands().filter(|below| !below.is_hide_set());
        below
            .flat_map(|below| {
                let name = format!("{prefix}{}", below.get_name());
                if below.has_subcommands() { all(below, &format!("{name} ")) } else { vec![name] }
            })
            .collect()
    }

    #[test]
    fn each_command_stands_once_on_the_first_page() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let mut there = all(&Cli::command(), "");
        grouped.sort_unstable();
        there.sort_unstable();
        assert_eq!(grouped, there);
    }

    #[test]
    fn each_command_has_examples_that_it_takes() {
        let mut there = all(&Cli::command(), "");
        for (name, examples) in EXAMPLES {
            there.retain(|other| other != name);
            for words in *examples {
                let all = [PROGRAM].into_iter().chain(name.split(' ')).chain(words.iter().copied());
                let read = Cli::words().try_get_matches_from(all);
                assert!(read.is_ok(), "{name} {words:?}: {}", read.expect_err("refused"));
            }
            let page = find(&Cli::words(), name).expect("a command").clone().render_help().to_string();
            assert!(page.contains("Examples:"), "{name}:\n{page}");
        }
        assert!(there.is_empty(), "{there:?} have no examples");
    }

    #[test]
    fn the_first_page_fits_eighty_columns_and_says_of_each_command_what_it_is_for() {
        let page = Cli::words().term_width(80).render_help().to_string();
        for line in page.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        for name in all(&Cli::command(), "") {
            let line = page.lines().find(|line| line.starts_with(&format!("  {name} ")));
            let about = line.and_then(|line| line.get(NAMES + 4..)).unwrap_or_default();
            assert!(about.chars().next().is_some_and(char::is_uppercase), "{name}: {line:?}");
        }
    }

    #[test]
    fn what_every_command_takes_stands_apart_from_what_is_its_own() {
        for name in all(&Cli::command(), "") {
            let mut words = Cli::words();
            words.build();
            let command = find(&words, &name).expect("a command").clone();
            let page = command.term_width(80).render_long_help().to_string();
            let (own, global) =
                page.split_once("\nGlobal options:\n").unwrap_or_else(|| panic!("{name}:\n{page}"));
            assert!(global.contains("--query") && global.contains("--db"), "{name}:\n{page}");
            assert!(!own.contains("--query"), "{name}:\n{page}");
            assert!(page.lines().all(|line| line.chars().count() <= 80), "{name}:\n{page}");
        }
    }
}
