//! CLI: tests of batch files as a whole: what they ask for, and what is said of mistakes.

use super::keys::{FILE, Key, Kind};
use super::meaning::Batch;
use super::read::parse;
use crate::error::{CliError, Exit};
use rehome_activities::relocate::{Strategy, Waits};

const ID: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n";

fn batch(more: &str) -> String {
    format!(
        "format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\n{more}\n[[identity]]\nid = \"{ID}\"\ntarget_resource_group = \"h\"\n"
    )
}

fn read(text: &str) -> Result<Batch, CliError> {
    parse("batch.toml", text)
}

/// Line, column, what and remedy of everything that is wrong.
fn mistakes(text: &str) -> Vec<(usize, usize, String, String)> {
    let error = read(text).expect_err("there are mistakes");
    assert_eq!((error.exit, error.place.as_deref()), (Exit::Usage, Some("batch.toml")));
    error.mistakes.into_iter().map(|m| (m.line, m.column, m.what, m.remedy)).collect()
}

#[test]
fn the_smallest_batch_file_has_a_day_of_soak() {
    let manifest = read(&batch("")).expect("it is complete");
    assert_eq!(manifest.moves[0].soak_ms, 86_400_000);
    assert_eq!(manifest.moves[0].target.name, "n");
    assert_eq!(read(&batch("soak = \"0s\"")).expect("legal").moves[0].soak_ms, 0);
}

#[test]
fn what_azure_does_not_show_is_waited_for_unless_somebody_knows_better() {
    let waits = |more: &str| read(&(batch("") + more)).expect("legal").moves[0].options.waits;
    assert_eq!((waits("").grants_ms, waits("").claims_ms), (600_000, 86_400_000));
    let quick = waits("[waits]\ngrants = \"2m\"\n");
    assert_eq!(quick, Waits { grants_ms: 120_000, ..Waits::default() });
}

#[test]
fn nodes_are_replaced_only_where_the_batch_or_the_identity_says_so() {
    let replaces = |text: &str| read(text).expect("legal").moves[0].options.replace_nodes;
    assert!(!replaces(&batch("")));
    assert!(replaces(&batch("replace_nodes = true")));
    assert!(replaces(&(batch("") + "replace_nodes = true\n")));
}

#[test]
fn the_example_with_every_option_is_read_with_and_without_its_comments() {
    let text = include_str!("../../examples/every_option.toml");
    let one = &read(text).expect("legal").moves[0];
    assert_eq!((one.soak_ms, one.options.quiet_ms), (86_400_000, 26 * 3_600_000));
    assert_eq!(one.options.strategies.values().next(), Some(&Strategy::ByHand));
    // What is commented out holds anyway: said aloud, nothing changes.
    let aloud: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ").filter(|rest| rest.split(' ').nth(1) == Some("=")) {
            Some(key) => format!("{key}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    assert!(aloud.contains("\nsoak = ") && aloud.contains("\nclaims = "), "{aloud}");
    assert_eq!(&read(&aloud).expect("legal").moves[0], one);
}

#[test]
fn the_example_with_every_option_has_every_key() {
    fn lacks(keys: &'static [Key], text: &str) -> Vec<&'static str> {
        let inner = keys.iter().flat_map(|key| match key.kind {
            Kind::Table(_, keys) | Kind::Tables(_, keys) => lacks(keys, text),
            Kind::Text(_) | Kind::Flag | Kind::Count | Kind::Texts(_) | Kind::Pairs(_) => Vec::new(),
        });
        let own = keys.iter().map(|key| key.name).filter(|name| !text.contains(name));
        own.chain(inner).collect()
    }
    let text = include_str!("../../examples/every_option.toml");
    assert_eq!(lacks(FILE, text), Vec::<&str>::new());
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant() {
    assert_eq!(
        mistakes(&batch("soke = \"1h\"")),
        [(5, 1, "[batch] has no key \"soke\"".to_owned(), "did you mean soak?".to_owned())]
    );
}

#[test]
fn bad_ids_names_durations_and_repetitions_are_refused() {
    let twice = batch("") + &format!("[[identity]]\nid = \"{}\"\ntarget_name = \"xyz\"\n", ID.to_uppercase());
    let other = ID.replace("/g/", "/g2/");
    let one_target = batch("") + &format!("[[identity]]\nid = \"{other}\"\ntarget_resource_group = \"H\"\n");
    let same = batch("").replace("target_resource_group = \"h\"", "");
    let no_id = batch("").replace(ID, "/subscriptions/s");
    for (text, part) in [
        (twice, "twice"),
        (one_target, "two identities would become"),
        (same, "the same name in the same resource group"),
        (no_id, "not the id"),
        (batch("soak = \"soon\""), "soak \"soon\" is not a duration"),
        (batch("quiet = \"soon\""), "quiet \"soon\" is not a duration"),
        (batch("") + "[waits]\ngrants = \"soon\"\n", "grants \"soon\""),
        (batch("").replace("name = \"b\"", "name = \"a b\""), "is no name of a batch"),
        (batch("").replace("to = \"swedencentral\"", "to = \"sweden/central\""), "is no name of a region"),
        (batch("") + "target_name = \"a b c\"\n", "no name that Azure takes for an identity"),
        (batch("").replace("\"h\"", "\"h.\""), "no name that Azure takes for a resource group"),
        (batch("").replace("\"1.0\"", "\"2.0\""), "format_version"),
        (batch("expect = 2"), "expect is 2, and the batch names 1"),
        (batch("expect = 0"), "expect takes a whole number from 1"),
        (batch("expect = \"1\""), "expect takes a whole number from 1"),
        (batch("lift_locks = \"yes\""), "lift_locks takes true or false"),
        (batch("soak = 24"), "soak takes a duration in quotes, and this is a number"),
        (batch("") + "pinned = [1]\n", "pinned takes texts, and this is a number"),
        (batch("") + "strategies = { \"/x\" = \"swop\" }\n", "strategies cannot be \"swop\""),
        (batch("").replace("[[identity]]", "[identity]"), "identity takes [[identity]], and this is a table"),
        (batch("").split("[[identity]]").next().unwrap_or_default().to_owned(), "names no identity"),
        (batch("").replace("name = \"b\"\n", ""), "[batch] lacks name"),
        (String::new(), "a batch file lacks [batch]"),
    ] {
        let found = mistakes(&text);
        assert!(found.iter().any(|(.., what, _)| what.contains(part)), "{part}: {found:?}");
    }
}

#[test]
fn every_mistake_is_said_at_once_and_what_only_follows_from_one_is_not() {
    let text = "format_version = \"1.0\"\n[batch]\nname = \"a b\"\nsoke = \"1h\"\nquiet = 26\non_failure = \"stopp\"\n\n\
                [[identity]]\nid = \"/nothing\"\n[[identity]]\nid = \"ID\"\ntarget_resource_gruop = \"h\"\n\
                [wait]\ngrants = \"1h\"\n"
        .replace("ID", ID);
    let found = mistakes(&text);
    let places: Vec<(usize, usize)> = found.iter().map(|(line, column, ..)| (*line, *column)).collect();
    assert_eq!(places, [(2, 1), (3, 8), (4, 1), (5, 9), (6, 14), (9, 6), (12, 1), (13, 2)], "{found:#?}");
    let remedies: Vec<&str> = found.iter().map(|(.., remedy)| remedy.as_str()).collect();
    for meant in [
        "did you mean soak?",
        "did you mean stop?",
        "did you mean target_resource_group?",
        "did you mean waits?",
    ] {
        assert!(remedies.contains(&meant), "{meant}: {remedies:?}");
    }
}

#[test]
fn what_is_no_toml_is_said_beside_the_rest_and_nothing_is_said_of_what_it_hides() {
    let text = batch("soak = 24h\nquiet = \"soon\"\nlift_locks = ").replace("name = \"b\"", "name = b");
    let found = mistakes(&text);
    let lines: Vec<usize> = found.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [3, 5, 6, 7], "{found:#?}");
    let toml = found.iter().filter(|(.., what, _)| what.starts_with("this is not TOML: "));
    assert_eq!(toml.count(), 3, "{found:#?}");
}

#[test]
fn hostile_text_in_a_mistake_is_shown_and_not_obeyed() {
    let text = batch("soke = \"\\u001b[2J\"\n\"\u{202e}k\" = 1").replace("[batch]", "# \u{9b}2J\n[batch]");
    let error = read(&text).expect_err("two mistakes");
    let shown = error.to_string();
    assert!(
        shown.contains("\\u202ek") && !shown.contains('\u{202e}') && !shown.contains('\u{1b}'),
        "{shown}"
    );
    let json = error.json();
    assert!(json.is_ascii() && json.contains("\\u202ek"), "{json}");
}
