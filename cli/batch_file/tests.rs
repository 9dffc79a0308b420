//! CLI: tests of batch files as a whole: what they ask for, and what is said of mistakes.

use super::batch::Batch;
use super::keys::{APPROVERS, FILE, Key, Kind};
use super::listed::Listed;
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
    beside(text, "")
}

/// With this text in the file of rows.
fn beside(text: &str, rows: &str) -> Result<Batch, CliError> {
    let approvers = include_str!("../../examples/approvers.toml");
    let read = |name: &str, _: &str| Ok(if name.ends_with(".toml") { approvers } else { rows }.to_owned());
    parse("some/batch.toml", text, &read)
}

/// Line, column, what and remedy of everything that is wrong.
fn mistakes(text: &str) -> Vec<(usize, usize, String, String)> {
    mistakes_beside(text, "")
}

fn mistakes_beside(text: &str, rows: &str) -> Vec<(usize, usize, String, String)> {
    let error = beside(text, rows).expect_err("there are mistakes");
    assert_eq!((error.exit, error.place.as_deref()), (Exit::Usage, Some("some/batch.toml")));
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
    let listed = || {
        Listed {
        id: "/subscriptions/5b0c6d1e-0000-4000-8000-000000000001/resourceGroups/rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop".into(),
        location: "westeurope".to_owned(),
        tags: [("team".to_owned(), "shop".to_owned())].into(),
    }
    };
    let resolved = |text: &str| {
        let batch = beside(text, "id\n").expect("legal");
        assert_eq!(batch.asks_for(), Some(vec!["5b0c6d1e-0000-4000-8000-000000000001".to_owned()]));
        batch.resolve(vec![listed()]).expect("as many as expected").moves
    };
    let one = &resolved(text)[0];
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
    assert_eq!(&resolved(&aloud)[0], one);
}

#[test]
fn the_example_with_every_option_has_every_key() {
    fn lacks(keys: &'static [Key], text: &str) -> Vec<&'static str> {
        let inner = keys.iter().flat_map(|key| match key.kind {
            Kind::Table(_, keys) | Kind::Tables(_, keys) => lacks(keys, text),
            Kind::Text(_) | Kind::Flag | Kind::Count | Kind::Texts(_) | Kind::Spans(_) | Kind::Pairs(_) => {
                Vec::new()
            }
        });
        let own = keys.iter().map(|key| key.name).filter(|name| !text.contains(name));
        own.chain(inner).collect()
    }
    let text = include_str!("../../examples/every_option.toml");
    assert_eq!(lacks(FILE, text), Vec::<&str>::new());
    assert_eq!(lacks(APPROVERS, include_str!("../../examples/approvers.toml")), Vec::<&str>::new());
}

#[test]
fn the_services_that_can_be_asked_are_the_keys_of_data_planes() {
    let keys = super::keys::DATA_PLANES.iter().map(|key| key.name);
    assert!(keys.eq(rehome_activities::surfaces::data_planes()));
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

/// A batch whose rows are in a file of this name.
fn with_rows(name: &str) -> String {
    format!("format_version = \"1.0\"\n[batch]\nname = \"b\"\nto = \"swedencentral\"\nrows = \"{name}\"\n")
}

#[test]
fn rows_of_a_spreadsheet_and_of_a_program_say_the_same_as_those_of_the_file() {
    let (one, other) = (ID, ID.replace("/g/", "/ü, g/"));
    let toml = with_rows("x.csv").replace("rows = \"x.csv\"\n", "")
        + &format!(
            "[[identity]]\nid = \"{one}\"\ntarget_resource_group = \"h\"\nlift_locks = true\npinned = [\"/a\", \"/b c\"]\n\
         tags = {{ a = \"1\", \"b\" = \"x=y\" }}\n[[identity]]\nid = \"{other}\"\ntarget_name = \"new\"\n\
         strategies = {{ \"/a\" = \"by-hand\" }}\naccept_unknown = [\"say \\\"so\\\"\"]\n"
        );
    let csv = format!(
        "\u{feff}id,target_resource_group,target_name,lift_locks,pinned,tags,strategies,accept_unknown\r\n\
         {one},h,,TRUE,/a; /b c,a=1;b=x=y,,\r\n\r\n\
         \"{other}\",,new,,,,/a = by-hand,\"say \"\"so\"\"\"\r\n"
    );
    let json = serde_json::json!([
        {"id": one, "target_resource_group": "h", "lift_locks": true, "pinned": ["/a", "/b c"], "tags": {"a": "1", "b": "x=y"}},
        {"id": other, "target_name": "new", "strategies": {"/a": "by-hand"}, "accept_unknown": ["say \"so\""]},
    ]);
    let wanted = read(&toml).expect("legal").moves;
    let from_csv = beside(&with_rows("x.csv"), &csv).expect("legal");
    let from_json = beside(&with_rows("x.JSON"), &json.to_string()).expect("legal");
    assert_eq!(wanted.len(), 2);
    assert_eq!(from_csv.moves, wanted);
    assert_eq!(from_json.moves, wanted);
    let said = from_csv.moves.iter().map(|params| from_csv.origin(params).expect("it was said").words());
    assert_eq!(said.collect::<Vec<_>>(), ["x.csv, line 2", "x.csv, line 4"]);
    let names: Vec<&str> = from_csv.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["batch.toml", "x.csv"]);
    assert_eq!(from_csv.files[1].sha256.len(), 64);
}

#[test]
fn a_wrong_row_is_a_mistake_among_others_with_its_line_and_column() {
    let other = ID.replace("/g/", "/g2/");
    let csv = format!(
        "id,target_resource_gruop,target_name,lift_locks\n{ID},,abc,yes\n/nothing,\"a\nb\",abc,\n{other},,a b c,true,more\n{ID},,abc,\n"
    );
    let found = mistakes_beside(&(with_rows("x.csv") + "soke = \"1h\"\n"), &csv);
    let places: Vec<(usize, usize)> = found.iter().map(|(line, column, ..)| (*line, *column)).collect();
    let end = other.len();
    assert_eq!(
        places,
        [(6, 1), (1, 4), (2, ID.len() + 7), (3, 1), (5, end + 3), (5, end + 14), (6, 1)],
        "{found:#?}"
    );
    let whats: Vec<&str> = found.iter().map(|(.., what, _)| what.as_str()).collect();
    for part in [
        "has no key \"soke\"",
        "there is no column \"target_resource_gruop\"",
        "lift_locks takes true or false",
        "\"/nothing\" is not the id",
        "\"a b c\" is no name",
        "the row has 5 cells, and the header 4",
        "an identity is named twice",
    ] {
        assert!(whats.iter().any(|what| what.contains(part)), "{part}: {whats:#?}");
    }
    assert!(found.iter().any(|(.., remedy)| remedy == "did you mean target_resource_group?"), "{found:#?}");
}

#[test]
fn rows_that_are_no_rows_are_refused_with_their_place() {
    let deep = "[".repeat(100_000);
    for (name, text, place, part) in [
        ("x.csv", "", (1, 1), "no header"),
        ("x.csv", "id;target_name\n", (1, 1), "not separated by commas"),
        ("x.csv", "target_name\nabc\n", (1, 1), "there is no column id"),
        ("x.csv", "id,id\n", (1, 4), "the column id is there twice"),
        ("x.json", "{\"id\": \"x\"}", (1, 1), "a list of rows, and this is a table"),
        ("x.json", "[{\"id\": \"x\"}", (1, 12), "this is not JSON"),
        ("x.json", "[1]", (1, 2), "a row is an object, and this is a number"),
        ("x.json", "[\n  {\"id\": 1, \"tag\": {}}]", (2, 10), "id takes a text in quotes"),
        ("x.json", "[\n  {\"id\": 1, \"tag\": {}}]", (2, 20), "has no key \"tag\""),
        ("x.json", "[{\"id\": \"/x\", \"id\": \"/x\"}]", (1, 21), "has \"id\" twice"),
        ("x.json", "[{\"tags\": {\"a\": [[[1]]]}}]", (1, 17), "tags takes texts"),
        ("x.json", &deep, (1, 100_000), "this is not JSON"),
        ("x.txt", "id\n", (5, 8), "is no file of rows"),
    ] {
        let found = mistakes_beside(&with_rows(name), text);
        let fits = |(line, column, what, _): &(usize, usize, String, String)| {
            (*line, *column) == place && what.contains(part)
        };
        assert!(found.iter().any(fits), "{part}: {found:#?}");
    }
    let closed = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(!mistakes_beside(&with_rows("x.json"), &closed).is_empty(), "and no stack is exhausted");
    let both = batch("rows = \"x.csv\"");
    let found = mistakes_beside(&both, &format!("id,target_name\n{},xyz\n", ID.to_uppercase()));
    assert_eq!(found[0].2, format!("an identity is named twice: {}", ID.to_uppercase()));
    assert_eq!(found[0].3, "leave one out: the other is in batch.toml, line 7");
}

#[test]
fn a_plan_is_good_for_three_days_or_what_the_file_says() {
    assert_eq!(read(&batch("")).expect("legal").valid_ms, 72 * 3_600_000);
    assert_eq!(read(&batch("valid = \"14d\"")).expect("legal").valid_ms, 14 * 86_400_000);
    assert!(mistakes(&batch("valid = \"two weeks\""))[0].2.contains("is not a duration"));
}

#[test]
fn rules_and_selections_that_make_no_sense_are_refused_with_their_place() {
    let rules = |text: &str| batch("") + text;
    for (text, part, meant) in [
        (
            "[[map]]\nwhen.resource_group = \"rg-{app}\"\nresource_group = \"{ap}-x\"\n",
            "nothing gives {ap}",
            "did you mean {app}?",
        ),
        ("[[map]]\nwhen.name = \"a\"\n", "[[map]] gives nothing", "say resource_group"),
        ("[[map]]\nname = \"{a\"\n", "cannot be filled in", "{word}"),
        (
            "[[map]]\nwhen.nam = \"a\"\nname = \"b\"\n",
            "when of [[map]] has no key \"nam\"",
            "did you mean name?",
        ),
        ("[[map]]\nwhen = \"a\"\nname = \"b\"\n", "when takes when of [[map]]", ""),
        ("[select]\n", "would take every identity", "say subscription"),
        ("[select]\nname = [\"{}\"]\n", "is no pattern", "a name with *"),
        ("[[map]]\nname = \"{name}.x\"\n", "would give", "3 to 128"),
    ] {
        let found =
            mistakes(&rules(text).replace("userAssignedIdentities/n\"", "userAssignedIdentities/name\""));
        let fits = |(.., what, remedy): &(usize, usize, String, String)| {
            what.contains(part) && remedy.contains(meant)
        };
        assert!(found.iter().any(fits), "{part}: {found:#?}");
    }
}

#[test]
fn the_first_rule_that_fits_decides_and_what_a_row_says_beats_it() {
    let text = batch("").replace("target_resource_group = \"h\"\n", "").replace("/g/", "/rg-pay-weu/")
        + "[[map]]\nwhen.name = \"other\"\n\
        resource_group = \"wrong\"\n[[map]]\nwhen.resource_group = \"rg-{app}-weu\"\nresource_group = \"rg-{app}-sdc\"\n\
        to = \"norwayeast\"\n[[map]]\nname = \"never\"\n";
    let one = read(&text).expect("legal");
    let target = &one.moves[0].target;
    assert_eq!((target.resource_group.as_str(), target.location.as_str()), ("rg-pay-sdc", "norwayeast"));
    let origin = one.origin(&one.moves[0]).expect("it was said");
    assert_eq!(origin.words(), "batch.toml, line 7; goes by [[map]] 2, batch.toml, line 11");
    let row = read(&text.replace("/n\"\n", "/n\"\ntarget_resource_group = \"mine\"\n")).expect("legal");
    assert_eq!(row.moves[0].target.resource_group, "mine");
}

/// Text that nobody wrote: parts of good files, torn, repeated and put together again, the same for the same seed.
fn torn(seed: u64) -> (String, String) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap_or_default()
    };
    let odd = [
        "\"", "[", "]]", "{", "}", "=", "\n", "\r\n", ",", ";", "\u{202e}", "ü", "\\u001b", "#", "'''", "0",
        "-1", "9e9",
    ];
    let mut tear = |text: &str| {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=next(4) {
            let (at, length) = (next(chars.len()), next(40));
            let end = (at + length).min(chars.len());
            match next(3) {
                0 => drop(chars.drain(at..end)),
                1 => chars = [&chars[..end], &chars[at..]].concat(),
                _ => drop(chars.splice(at..at, odd[next(odd.len())].chars())),
            }
        }
        chars.into_iter().collect::<String>()
    };
    let files = [
        include_str!("../../examples/every_option.toml").to_owned(),
        with_rows("x.csv"),
        with_rows("x.json"),
        batch("expect = 1"),
    ];
    let csv = format!("id,target_name,tags\r\n{ID},\"new\",a=1; b=2\r\n");
    let json = format!("[{{\"id\": \"{ID}\", \"target_name\": \"new\", \"tags\": {{\"a\": \"1\"}}}}]");
    let nth = usize::try_from(seed % 4).unwrap_or_default();
    (tear(&files[nth]), tear(if nth == 2 { &json } else { &csv }))
}

#[test]
fn of_files_that_are_torn_every_mistake_has_its_place_and_what_is_taken_can_be_planned() {
    let mut taken = 0;
    for seed in 0..3_000 {
        let (text, rows) = torn(seed);
        match beside(&text, &rows) {
            Ok(batch) => {
                taken += 1;
                assert!(!batch.moves.is_empty() || batch.asks_for().is_some(), "seed {seed}: {text}");
                assert!(batch.moves.iter().all(|one| one.target.id() != one.identity), "seed {seed}: {text}");
            }
            Err(error) => {
                assert!(!error.mistakes.is_empty(), "seed {seed}: {text}");
                for one in &error.mistakes {
                    let line =
                        if one.file.ends_with("toml") { &text } else { &rows }.split('\n').nth(one.line - 1);
                    let line = line.unwrap_or_else(|| panic!("seed {seed}: no line {}: {text}", one.line));
                    assert!(one.column <= line.chars().count() + 1, "seed {seed}: {one:?}");
                }
                let shown = error.to_string();
                assert!(!shown.contains('\u{202e}') && !shown.contains('\u{1b}'), "seed {seed}: {shown}");
            }
        }
    }
    assert!(taken > 10, "some of them are whole: {taken}");
}
